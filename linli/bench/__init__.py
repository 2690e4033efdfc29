"""`linli bench`: public benchmarks; instances in, solutions out, each judged apart from who found it."""

from __future__ import annotations

import typer

from linli.bench import lilim
from linli.bench.mdrp.command import mdrp
from linli.bench.mdrp_m import mdrp_m

bench = typer.Typer(help="Public benchmarks: instances in, judged solutions out.", no_args_is_help=True)
bench.command()(lilim.lilim)
bench.command()(mdrp)
bench.command("mdrp-m")(mdrp_m)
