"""Lines that show the operations of a step, one by one."""

from fractions import Fraction


def operation_line(name: str, formula: str, held: float, exact: Fraction | float, ulps: float, bound: float) -> str:
    """Return the line that shows one operation: its value, the exact value, and how far the two may be apart.

    Examples
    --------
    >>> operation_line("m_new", "fma(weight, v1, m)", 0.1, Fraction(1, 10), 0.25, 2.5)
    '  m_new        fma(weight, v1, m)              0.1                     exact 0.1                     0.250 ulp, at most 2.500'
    """
    text = name if formula == name else formula
    what = text if text != name else "given"
    return f"  {name:<12} {what:<31} {held!r:<23} exact {decimal(exact):<22} {ulps:6.3f} ulp, at most {bound:.3f}"


def decimal(x: Fraction | float, digits: int = 20) -> str:
    """Write an exact number with so many significant digits, correctly rounded.

    Examples
    --------
    >>> decimal(Fraction(1, 3)), decimal(Fraction(-5, 2))
    ('0.33333333333333333333', '-2.5')
    """
    if isinstance(x, float):
        return repr(x)
    from decimal import Decimal, localcontext

    with localcontext() as context:
        context.prec = digits
        context.Emin, context.Emax = -999_999, 999_999
        return f"{Decimal(x.numerator) / Decimal(x.denominator):.{digits}g}".rstrip("0").rstrip(".") if x else "0"
