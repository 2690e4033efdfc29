"""The dispatch engine: jobs of several pickups and a drop-off, vehicles, travel times in; routes out.

Pure: no clock, no database, no network, and nothing of the service that it is a part of. ``model`` is what it
is told, ``search`` what it does, and the kernel (``kernel``, ``insertion``, ``near``, ``moves``) how, on a
``machine`` of plain Python or the same compiled.
"""
