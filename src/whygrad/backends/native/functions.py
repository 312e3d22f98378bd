"""Elementary functions of vectors, from a reduced argument and a polynomial, without a branch.

exp: x = n ln 2 + r and the series of e^r. log: x = 2^k m and the series of the inverse hyperbolic tangent
of (m − 1)/(m + 1), summed so that its largest term is m − 1 itself (P. T. P. Tang, Table-driven
implementation of the logarithm function, ACM Transactions on Mathematical Software 16, 1990; W. J. Cody
and W. Waite, Software Manual for the Elementary Functions, Prentice-Hall, 1980). Errors in units in the
last place are measured by ``tests/backends/test_native_functions.py``.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial, inf, nan, sqrt
from typing import Final

from whygrad.backends.native.ir import Ir, bits

LN2: Final = Fraction("0.69314718055994530941723212145817656807550013436026")
LN2_HIGH: Final = float(Fraction(int(LN2 * 2**32), 2**32))
"""32 bits, so that a multiple by an exponent is exact."""
LN2_LOW: Final = float(LN2 - Fraction(LN2_HIGH))
MAGIC: Final = 1.5 * 2.0**52
"""Added to a small number, it leaves the nearest integer in the last bits."""
SERIES_EXP: Final = tuple(1 / factorial(k) for k in range(2, 14))
"""e^r = 1 + r + r² (1/2! + r/3! + …), for |r| ≤ ln 2 / 2."""
SERIES_LOG: Final = tuple(float(Fraction(2, 2 * k + 1)) for k in range(1, 11))
"""log((1 + s)/(1 − s)) = 2 s + s (2/3 s² + 2/5 s⁴ + …), for |s| ≤ 0.1716."""
ARITHMETIC: Final = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
COMPARISONS: Final = {"lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge", "eq": "oeq", "ne": "une"}
UNARY: Final = {"abs": "fabs", "sqrt": "sqrt", "floor": "floor"}


class Functions:
    """The functions of one block of code; what was computed there is not computed again."""

    def __init__(self, ir: Ir) -> None:
        self.ir = ir
        self._known: dict[tuple[str, tuple[str, ...]], str] = {}

    def has(self, name: str) -> bool:
        """Whether there is such a function."""
        return (
            name in ARITHMETIC
            or name in COMPARISONS
            or name in (*UNARY, "and", "or")
            or hasattr(self, f"f_{name}")
        )

    def __call__(self, name: str, *args: str) -> str:
        """The value of a function of program.FUNCTIONS."""
        key = (name, args)
        if key not in self._known:
            self._known[key] = self._new(name, args)
        return self._known[key]

    def _new(self, name: str, args: tuple[str, ...]) -> str:
        if name in ARITHMETIC:
            return self.ir.op(ARITHMETIC[name], *args)
        if name in COMPARISONS:
            return self.ir.compare(COMPARISONS[name], *args)
        if name in UNARY:
            return self.ir.unary(UNARY[name], *args)
        if name in ("and", "or"):
            return self.ir.let(f"{name} {self.ir.flags} {args[0]}, {args[1]}")
        return getattr(self, f"f_{name}")(*args)

    # --- simple ones ----------------------------------------------------------------------------

    def f_neg(self, a: str) -> str:
        """−a."""
        return self.ir.let(f"fneg {self.ir.reals} {a}")

    def f_not(self, a: str) -> str:
        """Where it does not hold."""
        ones = "<" + ", ".join(["i1 true"] * self.ir.lanes) + ">"
        return self.ir.let(f"xor {self.ir.flags} {a}, {ones}")

    def f_min(self, a: str, b: str) -> str:
        """The smaller; not a number where one is not."""
        return self.ir.select(self.ir.compare("ult", a, b), self._nan_or(a, b), b)

    def f_max(self, a: str, b: str) -> str:
        """The larger; not a number where one is not."""
        return self.ir.select(self.ir.compare("ugt", a, b), self._nan_or(a, b), b)

    def _nan_or(self, a: str, b: str) -> str:
        """``a``, or ``b`` where that is not a number."""
        return self.ir.select(self.ir.compare("uno", b, b), b, a)

    def f_clip(self, a: str, low: str, high: str) -> str:
        """Within bounds."""
        return self("min", self("max", a, low), high)

    def f_sign(self, a: str) -> str:
        """−1, 0 or 1."""
        ir, zero = self.ir, self.ir.constant(0.0)
        below = ir.select(ir.compare("olt", a, zero), ir.constant(-1.0), a)
        return ir.select(ir.compare("ogt", a, zero), ir.constant(1.0), below)

    def f_relu(self, a: str) -> str:
        """The larger of a and 0."""
        return self("max", a, self.ir.constant(0.0))

    # --- exponentials ---------------------------------------------------------------------------

    def _reduced(self, x: str) -> tuple[str, str, str, str]:
        """n as a double and as an integer, r = x − n ln 2, and what rounding took from r."""
        ir = self.ir
        turned = ir.fma(x, ir.constant(1 / float(LN2)), ir.constant(MAGIC))
        n = ir.op("fsub", turned, ir.constant(MAGIC))
        whole = ir.int_op("sub", ir.as_ints(turned), ir.integer(bits(MAGIC)))
        high = ir.fma(n, ir.constant(-LN2_HIGH), x)
        r = ir.fma(n, ir.constant(-LN2_LOW), high)
        left = ir.fma(n, ir.constant(-LN2_LOW), ir.op("fsub", high, r))
        return n, whole, r, left

    def _power_of_two(self, whole: str) -> str:
        biased = self.ir.int_op("add", whole, self.ir.integer(1023))
        return self.ir.as_reals(self.ir.int_op("shl", biased, self.ir.integer(52)))

    def _polynomial(self, x: str, coefficients: tuple[float, ...]) -> str:
        """Even and odd powers apart, so that two chains run beside each other."""
        ir = self.ir
        square = self("mul", x, x)

        def chain(parts: tuple[float, ...]) -> str:
            found = ir.constant(parts[-1])
            for c in parts[-2::-1]:
                found = ir.fma(found, square, ir.constant(c))
            return found

        return ir.fma(chain(coefficients[1::2]), x, chain(coefficients[::2]))

    def _between(self, x: str, low: float, high: float) -> str:
        """``x`` within bounds; what is not a number stays so."""
        ir = self.ir
        x = ir.select(ir.compare("olt", x, ir.constant(low)), ir.constant(low), x)
        return ir.select(ir.compare("ogt", x, ir.constant(high)), ir.constant(high), x)

    def f_exp(self, x: str) -> str:
        """e^x, in two steps of scaling so that it may be subnormal."""
        ir = self.ir
        _, whole, r, left = self._reduced(self._between(x, -746.0, 710.0))
        q = ir.fma(ir.op("fmul", r, r), self._polynomial(r, SERIES_EXP), left)
        e = ir.op("fadd", ir.constant(1.0), ir.op("fadd", r, q))
        half = ir.int_op("ashr", whole, ir.integer(1))
        scaled = ir.op("fmul", e, self._power_of_two(half))
        return ir.op("fmul", scaled, self._power_of_two(ir.int_op("sub", whole, half)))

    def _expm1_parts(self, x: str) -> tuple[str, str]:
        """e^x − 1 as a double and what is missing from it, for x below 709."""
        ir = self.ir
        _, whole, r, left = self._reduced(self._between(x, -40.0, 709.0))
        q = ir.op("fmul", ir.op("fmul", r, r), self._polynomial(r, SERIES_EXP))
        high = ir.op("fadd", r, q)
        low = ir.op("fadd", ir.op("fadd", ir.op("fsub", r, high), q), left)
        scale = self._power_of_two(whole)
        rest = ir.op("fsub", scale, ir.constant(1.0))
        part = ir.op("fmul", scale, high)  # exact, and never larger than the rest unless that is 0
        found = ir.op("fadd", rest, part)
        lost = ir.op("fsub", part, ir.op("fsub", found, rest))
        return found, ir.fma(scale, low, lost)

    def f_expm1(self, x: str) -> str:
        """e^x − 1, with what rounding took added to it."""
        ir = self.ir
        found = ir.op("fadd", *self._expm1_parts(x))
        found = ir.select(ir.compare("oeq", x, ir.constant(0.0)), x, found)
        large = ir.compare("ogt", x, ir.constant(709.0))
        return ir.select(large, self("exp", x), found)

    def f_tanh(self, x: str) -> str:
        """−t/(2 + t) with t = e^(−2|x|) − 1 in two parts, and the quotient put right by its remainder."""
        ir, two = self.ir, self.ir.constant(2.0)
        t, more = self._expm1_parts(ir.op("fmul", ir.constant(-2.0), self("abs", x)))
        below = ir.op("fadd", two, t)
        below_more = ir.op("fadd", ir.op("fsub", t, ir.op("fsub", below, two)), more)
        inverse = ir.op("fdiv", ir.constant(1.0), below)
        quotient = ir.op("fmul", t, inverse)
        rest = ir.op("fadd", ir.fma(self.f_neg(quotient), below, t), more)
        rest = ir.fma(self.f_neg(quotient), below_more, rest)
        found = ir.fma(rest, inverse, quotient)
        kind = ir.reals
        return ir.call(kind, f"llvm.copysign.v{ir.lanes}f64", (kind, found), (kind, x))

    def f_cosh(self, x: str) -> str:
        """From e^(|x|/2), which overflows no sooner."""
        ir = self.ir
        t = self("exp", self("mul", ir.constant(0.5), self("abs", x)))
        half = self("mul", ir.constant(0.5), t)
        return self("add", self("mul", half, t), self("div", self("div", ir.constant(0.5), t), t))

    def _tail(self, x: str) -> str:
        """e^-|x|, which cannot overflow."""
        return self("exp", self("neg", self("abs", x)))

    def f_sigmoid(self, x: str) -> str:
        """1/(1 + e^−x), from e^−|x|."""
        ir, one, t = self.ir, self.ir.constant(1.0), self._tail(x)
        above = ir.select(ir.compare("oge", x, ir.constant(0.0)), one, t)
        return self("div", above, self("add", one, t))

    def f_softplus(self, x: str) -> str:
        """log(1 + e^x) as max(x, 0) + log1p(e^−|x|)."""
        tail = self._log1p_of_unit(self._tail(x))
        return self("add", self("max", x, self.ir.constant(0.0)), tail)

    def f_silu(self, x: str) -> str:
        """x times its sigmoid."""
        return self("mul", x, self("sigmoid", x))

    # --- logarithms -----------------------------------------------------------------------------

    def _split(self, x: str) -> tuple[str, str]:
        """k as a double and m in [√½, √2) with x = 2^k m, for x normal."""
        ir = self.ir
        held = ir.as_ints(x)
        above = ir.int_op("sub", held, ir.integer(bits(sqrt(0.5))))
        k = ir.int_op("ashr", above, ir.integer(52))
        m = ir.as_reals(ir.int_op("sub", held, ir.int_op("shl", k, ir.integer(52))))
        turned = ir.as_reals(ir.int_op("add", k, ir.integer(bits(MAGIC))))
        return ir.op("fsub", turned, ir.constant(MAGIC)), m

    def _log_of(self, k: str, f: str, more: str) -> str:
        """k ln 2 + log(1 + f) + more, with |more| far below the rest."""
        ir = self.ir
        s = ir.op("fdiv", f, ir.op("fadd", ir.constant(2.0), f))
        z = ir.op("fmul", s, s)
        tail = ir.op("fmul", z, self._polynomial(z, SERIES_LOG))
        half = ir.op("fmul", ir.op("fmul", ir.constant(0.5), f), f)
        low = ir.fma(k, ir.constant(LN2_LOW), more)
        low = ir.fma(s, ir.op("fadd", half, tail), low)
        inner = ir.op("fsub", ir.op("fsub", half, low), f)
        return ir.fma(k, ir.constant(LN2_HIGH), self.f_neg(inner))

    def f_log(self, x: str) -> str:
        """The natural logarithm."""
        ir = self.ir
        small = ir.compare("olt", x, ir.constant(2.0**-1022))
        normal = ir.select(small, ir.op("fmul", x, ir.constant(2.0**54)), x)
        k, m = self._split(normal)
        k = ir.select(small, ir.op("fsub", k, ir.constant(54.0)), k)
        found = self._log_of(k, ir.op("fsub", m, ir.constant(1.0)), ir.constant(0.0))
        return self._with_ends(found, x, x)

    def _with_ends(self, found: str, x: str, distance: str) -> str:
        """Infinite at ∞ and at distance 0, and not a number beyond."""
        ir, zero = self.ir, self.ir.constant(0.0)
        found = ir.select(ir.compare("oeq", x, ir.constant(inf)), x, found)
        found = ir.select(ir.compare("oeq", distance, zero), ir.constant(-inf), found)
        return ir.select(ir.compare("ult", distance, zero), ir.constant(nan), found)

    def f_log1p(self, x: str) -> str:
        """log(1 + x), with what rounding took from 1 + x."""
        ir, one = self.ir, self.ir.constant(1.0)
        u = ir.op("fadd", one, x)
        below = ir.op("fsub", x, ir.op("fsub", u, one))
        above = ir.op("fsub", one, ir.op("fsub", u, x))
        lost = ir.select(ir.compare("olt", x, one), below, above)
        found = self._log1p(x, u, lost)
        found = ir.select(ir.compare("oeq", x, ir.constant(0.0)), x, found)
        return self._with_ends(found, x, u)

    def _log1p_of_unit(self, x: str) -> str:
        """log(1 + x) for 0 ≤ x ≤ 1."""
        ir, one = self.ir, self.ir.constant(1.0)
        u = ir.op("fadd", one, x)
        return self._log1p(x, u, ir.op("fsub", x, ir.op("fsub", u, one)))

    def _log1p(self, x: str, u: str, lost: str) -> str:
        """From u = 1 + x and what rounding took from it."""
        ir, zero = self.ir, self.ir.constant(0.0)
        k, m = self._split(u)
        near = ir.compare("oeq", k, zero)
        f = ir.select(near, x, ir.op("fsub", m, ir.constant(1.0)))
        more = ir.select(near, zero, ir.op("fdiv", lost, u))
        return self._log_of(k, f, more)
