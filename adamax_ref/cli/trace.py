"""``adamax-ref trace``: the hand calculator, one line for each operation of each step."""

import click


@click.command()
@click.argument("grads", nargs=-1, required=True, type=float)
@click.option("--dialect", "name", default="torch", show_default=True, help="Whose Adamax; a variant stands behind a slash.")
@click.option("--profile", default="f32", show_default=True, help="Number formats: f64, f32, f16 or bf16.")
@click.option("--p", default=0.0, show_default=True, help="The parameter before the first step.")
@click.option("--m", default=0.0, show_default=True, help="The first moment before the first step.")
@click.option("--u", default=0.0, show_default=True, help="The infinity norm before the first step.")
@click.option("--t", default=0, show_default=True, help="Steps done before.")
@click.option("--lr", type=float, help="Learning rate; like the following, the dialect's default unless given.")
@click.option("--beta1", type=float)
@click.option("--beta2", type=float)
@click.option("--eps", type=float)
@click.option("--weight-decay", type=float)
@click.option("--maximize/--minimize", default=None, help="Climb or descend.")
def command(
    grads: tuple[float, ...],
    name: str,
    profile: str,
    p: float,
    m: float,
    u: float,
    t: int,
    **hyper: float | None,
) -> None:
    """Follow one element through the steps with gradients GRADS; put negative ones behind "--".

    Each line shows the value a program holds, the exact value, their distance in units in the last place, and how far the
    value may be off in any permitted order of operations that forms it.
    """
    from dataclasses import replace

    from adamax_ref.dialects import get
    from adamax_ref.exact.trace import trace
    from adamax_ref.recipe.profile import PROFILES
    from adamax_ref.reports.trace import operation_line

    if profile not in PROFILES or PROFILES[profile].is_complex:
        raise ValueError(f"--profile must be one of f64, f32, f16, bf16, not {profile!r}; follow a complex number by its parts")
    dialect = get(name)
    given: dict[str, object] = {key: value for key, value in hyper.items() if value is not None}
    h = replace(dialect.defaults, **given)  # type: ignore[arg-type]  # click has checked the types
    step = None
    for line in trace(dialect, profile, h, grads, p, m, u, t):
        if line.step != step:
            step = line.step
            click.echo(f"step {step}")
        click.echo(operation_line(line.name, line.formula, line.rounded, line.exact, line.ulps, line.bound))
