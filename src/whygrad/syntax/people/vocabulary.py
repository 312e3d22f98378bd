"""The words and signs of mathematics as people write them, in LaTeX and without it."""

from __future__ import annotations

from typing import Final

FUNCTIONS: Final[dict[str, str]] = {
    "log": "log", "ln": "log", "exp": "exp", "sin": "sin", "cos": "cos", "tan": "tan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "sech": "sech", "coth": "coth",
    "arctan": "atan", "arcsin": "asin", "arccos": "acos", "artanh": "atanh", "arctanh": "atanh",
    "sqrt": "sqrt", "sigmoid": "sigmoid", "logistic": "sigmoid", "softmax": "softmax",
    "relu": "relu", "ReLU": "relu", "ReLu": "relu", "RELU": "relu", "softplus": "softplus",
    "logsumexp": "logsumexp", "LSE": "logsumexp",
    "erf": "erf", "sgn": "sign", "sign": "sign", "tr": "trace", "Tr": "trace", "trace": "trace",
    "det": "det", "diag": "diag", "Diag": "diag", "logit": "logit", "max": "max", "min": "min",
    "abs": "abs", "norm": "norm", "vec": "vec", "log1p": "log1p", "logdet": "logdet",
    "sig": "sigmoid", "sigm": "sigmoid", "cosec": "csc",
    "GELU": "gelu", "gelu": "gelu", "SiLU": "silu", "silu": "silu", "swish": "silu", "Swish": "silu",
}  # fmt: skip
"""Functions by the word that is written."""

ENTRYWISE: Final = frozenset(
    "log exp sin cos tan sinh cosh tanh atan asin acos sqrt sigmoid relu softplus erf sign abs log1p"
    " gelu silu".split()
)

BIG: Final[dict[str, str]] = {
    "sum": "sum", "Sigma": "sum", "prod": "prod", "max": "max", "min": "min", "mean": "mean",
    "argmax": "argmax", "argmin": "argmin",
}  # fmt: skip

OPERATORS: Final[dict[str, str]] = {
    "cdot": "·", "times": "×", "ast": "*", "star": "*", "div": "/", "odot": "⊙", "circ": "⊙",
    "otimes": "⊗", "oslash": "⊘", "bullet": "·", "partial": "∂", "nabla": "∇", "le": "<=", "leq": "<=",
    "leqslant": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "ne": "!=", "neq": "!=", "lt": "<",
    "gt": ">", "in": "∈", "notin": "∉", "mid": "|", "vert": "|", "lvert": "|", "rvert": "|",
    "Vert": "||", "lVert": "||", "rVert": "||", "langle": "⟨", "rangle": "⟩", "prime": "'",
    "top": "⊤", "intercal": "⊤", "infty": "∞", "propto": "=", "equiv": "=", "approx": "≈", "sim": "~",
    "simeq": "≈", "triangleq": "=", "coloneqq": "=", "colonequals": "=", "doteq": "=", "pm": "±",
    "dots": "…", "ldots": "…", "cdots": "…", "vdots": "…", "to": "→", "rightarrow": "→",
    "Rightarrow": "⇒", "implies": "⇒", "Longrightarrow": "⇒", "iff": "⇒", "Leftrightarrow": "⇒",
    "therefore": "⇒", "longrightarrow": "→", "mapsto": "→", "lbrace": "(", "rbrace": ")",
    "lbrack": "[", "rbrack": "]", "colon": ":", "setminus": "∖", "wedge": "∧", "land": "∧",
    "lor": "∨", "vee": "∨", "cup": "∪", "cap": "∩", "subset": "⊂", "forall": "∀", "perp": "⊥",
    "backslash": "∖", "quad": " ", "qquad": " ", "lfloor": "(", "rfloor": ")",
}  # fmt: skip
"""Commands that are one sign."""

SIGNS: Final[dict[str, str]] = {
    "−": "-", "–": "-", "—": "-", "·": "·", "⋅": "·", "∙": "·", "•": "·", "×": "×", "∗": "*", "⁎": "*",
    "÷": "/", "⁄": "/", "∕": "/", "⊙": "⊙", "∘": "⊙", "⊗": "⊗", "⊘": "⊘", "≤": "<=", "⩽": "<=", "≥": ">=",
    "⩾": ">=", "≠": "!=", "‖": "||", "∥": "||", "∣": "|", "∂": "∂", "𝜕": "∂", "∇": "∇", "’": "'",
    "′": "'", "´": "'", "`": "'", "≔": "=", "≡": "=", "≜": "=", "∝": "=", "≈": "≈", "∼": "~", "∈": "∈",
    "⟨": "⟨", "⟩": "⟩", "〈": "⟨", "〉": "⟩", "…": "…", "⋯": "…", "→": "→", "⇒": "⇒", "⟹": "⇒",
    "∞": "∞", "±": "±", "⊤": "⊤", "ᵀ": "⊤", "\u22ba": "⊤", "“": " ", "”": " ", "″": "''", "∀": "∀",
    "\u200b": " ", "\u2061": " ", "\u2062": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
    "\u2003": " ", "\u2002": " ", "\ufeff": " ",
}  # fmt: skip
"""Pasted characters that are one sign."""

DROPPED: Final = frozenset(
    "displaystyle textstyle scriptstyle limits nolimits left right middle big Big bigg Bigg bigl bigr"
    " Bigl Bigr biggl biggr Biggl Biggr bigm Bigm nonumber notag hfill noindent centering tt bf rm it"
    " cal sf sl em normalsize small large Large strut mathstrut allowbreak nobreak smallskip medskip"
    " bigskip protect relax boldmath unboldmath hline".split()
)
"""Commands that say nothing about the meaning."""

WITH_ARGUMENT: Final[dict[str, int]] = {
    "tag": 1, "label": 1, "hspace": 1, "vspace": 1, "phantom": 1, "hphantom": 1, "vphantom": 1,
    "eqref": 1, "ref": 1, "cite": 1, "color": 1, "textcolor": 1, "require": 1, "bbox": 0, "raise": 0,
    "kern": 0, "mspace": 1, "hskip": 0, "footnote": 1,
}  # fmt: skip
"""Commands dropped with so many arguments."""

TRANSPARENT: Final = frozenset(
    "boxed bbox cancel bcancel xcancel fbox mathop mathrel mathbin mathord mathinner underline ensuremath"
    " smash mathclap rlap llap class style cssId mathstrut underbracket overbracket mathopen mathclose"
    " colorbox fcolorbox".split()
)
"""Commands whose argument is what counts."""

FONTS: Final[dict[str, str]] = {
    "mathbf": "bold", "boldsymbol": "bold", "bm": "bold", "textbf": "bold", "pmb": "bold", "vec": "bold",
    "mathbb": "double", "mathds": "double", "mathcal": "cal", "mathscr": "cal", "cal": "cal",
    "mathrm": "roman", "rm": "roman", "mathit": "plain", "mathsf": "plain", "mathtt": "plain",
    "mathfrak": "cal", "mathnormal": "plain", "textit": "plain", "textrm": "roman", "text": "text",
    "mbox": "text", "hbox": "text", "textup": "text", "textnormal": "text", "operatorname": "roman",
    "operatorname*": "roman", "textsf": "text", "texttt": "text", "mathbfit": "bold", "symbf": "bold",
    "overrightarrow": "bold", "mathbfcal": "cal",
}  # fmt: skip

ACCENTS: Final[dict[str, str]] = {
    "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "tilde": "tilde",
    "widetilde": "tilde", "dot": "dot", "ddot": "ddot", "check": "check", "breve": "breve",
}  # fmt: skip

GREEK_COMMANDS: Final = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa varkappa lambda mu nu xi"
    " omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta"
    " Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell".split()
)
VARIANTS: Final[dict[str, str]] = {
    "varepsilon": "epsilon", "vartheta": "theta", "varrho": "rho", "varsigma": "sigma",
    "varpi": "pi", "varkappa": "kappa",
}  # fmt: skip

LOST_BACKSLASH: Final = frozenset(
    "frac dfrac tfrac sqrt partial nabla sum prod cdot times left right hat bar tilde mathbf mathcal"
    " mathrm text operatorname boldsymbol top odot quad log exp".split()
)
"""Words that are commands also where their backslash was lost, before a brace or a bracket."""

PROSE: Final = frozenset(
    "a an the is are was be and or of for to in on at by we you i it its this that these those so if then"
    " where with when as from hence thus therefore since because let have has get gives given using use"
    " which but not all each every any also now here there what how why can could should would will do"
    " does did my your our their first second third term terms equation derivative gradient respect"
    " chain rule apply applying note that's i'm don't just only same after before into out up down"
    " both case cases function functions vector vectors matrix scalar where: otherwise else".split()
)
