"""Building a service's read side again from events alone, and comparing it with the one that lives."""

# Services whose state follows from what others tell. All others decide, and events do not hold everything
# that they have to know for it.
FROM_EVENTS_ALONE = ("crm",)
