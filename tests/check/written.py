# ruff: noqa: E501  formulas stay on one line, as they are typed
"""Chains in the ways people write, made for these tests: context, assumptions, wrt, lines, truth."""

from __future__ import annotations

from typing import NamedTuple


class Written(NamedTuple):
    """A chain and which of its steps are true; None where nobody can tell."""

    id: str
    context: tuple[str, ...]
    wrt: str
    lines: tuple[str, ...]
    truth: tuple[bool | None, ...]
    assumptions: tuple[str, ...] = ()
    mode: str = "expr"


CHAINS = (
    Written(
        "plain-square",
        ("L = (y - wx)^2",),
        "w",
        ("dL/dw", "2(y-wx)*(-x)", "-2x(y-wx)", "2x(wx - y)", "2x(wx+y)"),
        (True, True, True, False),
    ),
    Written(
        "plain-loss",
        ("loss = (pred - target)^2", "pred = w*x + b"),
        "w",
        ("d loss/dw", "2*(pred - target)*x", "2*x*(w*x + b - target)"),
        (True, True),
    ),
    Written("unicode", ("L = ½‖Xw − y‖²",), "w", ("∇L", "X^⊤(Xw − y)", "XᵀXw − Xᵀy"), (True, True)),
    Written(
        "ridge",
        (r"J(\beta) = (y - X\beta)^T(y - X\beta) + \lambda \beta^T\beta",),
        r"\beta",
        (
            r"\frac{\partial J}{\partial \beta}",
            r"-2X^T(y - X\beta) + 2\lambda\beta",
            r"-2X^Ty + 2X^TX\beta + 2\lambda \beta",
            r"2(X^TX + \lambda I)\beta - 2X^Ty",
        ),
        (True, True, True),
    ),
    Written(
        "ridge-slip",
        (r"J(\beta) = (y - X\beta)'(y - X\beta) + \lambda \beta'\beta",),
        r"\beta",
        (
            r"\frac{\partial J}{\partial \beta}",
            r"-2X'(y - X\beta) + \lambda\beta",
            r"-2X'y + 2X'X\beta + \lambda\beta",
        ),
        (False, True),
    ),
    Written(
        "gram-order",
        (r"f(w) = \|Xw - y\|^2",),
        "w",
        (r"\nabla f(w)", r"2X^T(Xw-y)", r"2XX^Tw - 2X^Ty"),
        (True, False),
    ),
    Written(
        "normal",
        (),
        r"\theta",
        (r"X^TX\theta - X^Ty = 0", r"X^TX\theta = X^Ty", r"\theta = (X^TX)^{-1}X^Ty"),
        (True, True),
        (),
        "equation",
    ),
    Written(
        "normal-slip",
        (),
        r"\theta",
        (r"X^TX\theta - X^Ty = 0", r"\theta = X^Ty(X^TX)^{-1}"),
        (False,),
        (),
        "equation",
    ),
    Written(
        "logit",
        (r"p = \sigma(z)", r"z = w^Tx + b"),
        "",
        (r"\log\frac{p}{1-p}", r"\log p - \log(1-p)", "z", "w^T x + b"),
        (True, True, True),
    ),
    Written(
        "softmax-cases",
        (r"p_i = \frac{e^{z_i}}{\sum_{k=1}^{K} e^{z_k}}",),
        "z_j",
        (
            r"\frac{\partial p_i}{\partial z_j}",
            r"\frac{\delta_{ij} e^{z_i}\sum_k e^{z_k} - e^{z_i}e^{z_j}}{(\sum_k e^{z_k})^2}",
            r"p_i(\delta_{ij} - p_j)",
        ),
        (True, True),
    ),
    Written(
        "softmax-ce",
        (r"p_k = \frac{e^{z_k}}{\sum_c e^{z_c}}", r"L = -\sum_k y_k \log p_k"),
        "z_i",
        (
            r"\frac{\partial L}{\partial z_i}",
            r"-\sum_k y_k \frac{1}{p_k}\frac{\partial p_k}{\partial z_i}",
            r"-y_i(1-p_i) - \sum_{k\ne i} y_k \frac{1}{p_k}(-p_k p_i)",
            r"-y_i + y_i p_i + \sum_{k \neq i} y_k p_i",
            "p_i - y_i",
        ),
        (True, True, True, True),
        ("y is one-hot",),
    ),
    Written(
        "softmax-slip",
        (r"p_k = \frac{e^{z_k}}{\sum_c e^{z_c}}", r"L = -\sum_k y_k \log p_k"),
        "z_i",
        (
            r"\frac{\partial L}{\partial z_i}",
            r"-\sum_k \frac{y_k}{p_k}\frac{\partial p_k}{\partial z_i}",
            r"-\frac{y_i}{p_i} p_i (1-p_i)",
            "y_i(p_i - 1)",
        ),
        (True, False, True),
        ("y one-hot",),
    ),
    Written(
        "backprop",
        (r"a = \sigma(z)", r"z = wx+b", r"C = \frac12 (a - y)^2"),
        "w",
        (
            r"\frac{\partial C}{\partial w}",
            r"\frac{\partial C}{\partial a}\frac{\partial a}{\partial z}\frac{\partial z}{\partial w}",
            r"(a-y)\sigma'(z) x",
            r"(a-y)a(1-a)x",
        ),
        (True, True, True),
    ),
    Written(
        "backprop-slip",
        (r"a = \sigma(z)", r"z = wx+b", r"C = \frac12 (a - y)^2"),
        "b",
        (
            r"\frac{\partial C}{\partial b}",
            r"\frac{\partial C}{\partial a} \cdot \frac{\partial a}{\partial z} \cdot \frac{\partial z}{\partial b}",
            r"(a-y)\cdot a \cdot 1",
            "a(a-y)",
        ),
        (True, False, True),
    ),
    Written(
        "mean",
        (r"J = \frac{1}{m}\sum_{i=1}^m (w x^{(i)} + b - y^{(i)})^2",),
        "w",
        (
            r"\frac{dJ}{dw}",
            r"\frac{1}{m}\sum_{i=1}^{m} 2(wx^{(i)}+b-y^{(i)})x^{(i)}",
            r"\frac{2}{m}\sum_i (w x^{(i)} + b - y^{(i)}) x^{(i)}",
        ),
        (True, True),
    ),
    Written(
        "mean-lost",
        (r"J = \frac{1}{2m}\sum_{i=1}^m (h_\theta(x^{(i)}) - y^{(i)})^2", r"h_\theta(x) = \theta^Tx"),
        r"\theta_j",
        (
            r"\frac{\partial J}{\partial\theta_j}",
            r"\frac{1}{m}\sum_{i=1}^m (h_\theta(x^{(i)}) - y^{(i)}) x_j^{(i)}",
            r"\sum_{i=1}^m (h_\theta(x^{(i)}) - y^{(i)}) x_j^{(i)}",
        ),
        (True, False),
    ),
    Written(
        "two-steps",
        (),
        "x",
        (r"\frac{d}{dx} \ln(x^2+1)", r"\frac{1}{x^2+1}\cdot 2x", r"\frac{2x}{x^2+1}", r"\frac{2}{x+1/x}"),
        (True, True, True),
    ),
    Written(
        "quotient-slip", (), "x", (r"\left(\frac{x}{1+x}\right)'", r"\frac{(1+x) + x}{(1+x)^2}"), (False,)
    ),
    Written(
        "tanh",
        (),
        "x",
        (
            r"\frac{d}{dx}\tanh x",
            r"\frac{d}{dx}\frac{e^x-e^{-x}}{e^x+e^{-x}}",
            r"\frac{(e^x+e^{-x})^2-(e^x-e^{-x})^2}{(e^x+e^{-x})^2}",
            r"1-\tanh^2 x",
        ),
        (True, True, True),
    ),
    Written("log-split", (), "", ("log(a + b)", "log a + log b"), (False,), ("a > 0", "b > 0")),
    Written(
        "poisson",
        (r"\ell(\lambda) = \sum_{i=1}^n (x_i \log\lambda - \lambda)",),
        r"\lambda",
        (
            r"\frac{d\ell}{d\lambda}",
            r"\sum_{i=1}^n \left(\frac{x_i}{\lambda} - 1\right)",
            r"\frac{1}{\lambda}\sum_{i=1}^n x_i - n",
        ),
        (True, True),
    ),
    Written(
        "gaussian",
        (r"\ell(\mu) = -\frac{1}{2\sigma^2}\sum_{i=1}^{n}(x_i - \mu)^2",),
        r"\mu",
        (
            r"\frac{\partial \ell}{\partial \mu}",
            r"\frac{1}{\sigma^2}\sum_i (x_i-\mu)",
            r"\frac{1}{\sigma^2}\left(\sum_i x_i - n\mu\right)",
            r"\frac{n}{\sigma^2}(\bar{x} - \mu)",
        ),
        (True, True, None),
    ),
    Written(
        "gaussian-var",
        (r"\ell = -\frac{n}{2}\log(\sigma^2) - \frac{1}{2\sigma^2}\sum_{i=1}^{n}(x_i - \mu)^2",),
        r"\sigma",
        (
            r"\frac{\partial \ell}{\partial \sigma}",
            r"-\frac{n}{\sigma} + \frac{1}{\sigma^3}\sum_{i=1}^n (x_i-\mu)^2",
        ),
        (True,),
        (r"sigma > 0",),
    ),
    Written("trace", (), "X", (r"\frac{\partial}{\partial X}\operatorname{tr}(AX)", "A^T"), (True,)),
    Written("trace-slip", (), "X", (r"\nabla_X \operatorname{tr}(AXB)", "AB"), (False,)),
    Written(
        "quadratic", (), "x", (r"\nabla_x (x^TAx)", r"(A + A^T)x", r"2Ax"), (True, True), ("A is symmetric",)
    ),
    Written("quadratic-slip", (), "x", (r"\nabla_x (x^TAx)", r"2Ax"), (False,)),
    Written(
        "delta",
        (r"R = \frac{\lambda}{2m}\sum_{k=1}^n w_k^2",),
        "w_j",
        (
            r"\frac{\partial R}{\partial w_j}",
            r"\frac{\lambda}{2m}\sum_k 2 w_k \frac{\partial w_k}{\partial w_j}",
            r"\frac{\lambda}{m}\sum_k w_k\delta_{kj}",
            r"\frac{\lambda}{m}w_j",
            r"\frac{n\lambda}{m}w_j",
        ),
        (True, True, True, False),
    ),
    Written("relu", (r"f(x) = \max(0, x)",), "", ("f(x)", r"\frac{x + |x|}{2}"), (True,)),
    Written(
        "hinge",
        (r"L = \max(0, 1 - y w x)",),
        "w",
        (
            r"\frac{\partial L}{\partial w}",
            r"\begin{cases} -yx & \text{if } ywx < 1 \\ 0 & \text{otherwise}\end{cases}",
        ),
        (True,),
    ),
    Written(
        "layers",
        (r"z^{[2]} = W^{[2]}a^{[1]} + b^{[2]}", r"a^{[1]} = \sigma(z^{[1]})"),
        "",
        (r"z^{[2]}", r"W^{[2]}\sigma(z^{[1]}) + b^{[2]}"),
        (True,),
    ),
    Written(
        "differential",
        (r"L = \|Xw-y\|^2",),
        "w",
        ("dL", "2(Xw-y)^T X dw", r"\left(2X^T(Xw-y)\right)^T dw"),
        (True, True),
    ),
    Written(
        "undefined-goal",
        (r"f = \sigma(z)", "z = wx + b"),
        "w",
        (
            r"\frac{\partial L}{\partial w}",
            r"\frac{\partial L}{\partial f}\frac{\partial f}{\partial z}\frac{\partial z}{\partial w}",
            r"\frac{\partial L}{\partial f} f(1-f) x",
        ),
        (True, True),
    ),
    Written(
        "batchnorm-unknown",
        (),
        "x_i",
        (
            r"\frac{\partial \ell}{\partial x_i}",
            r"\frac{\partial \ell}{\partial \hat{x}_i}\frac{1}{\sqrt{\sigma^2+\epsilon}} + \frac{\partial \ell}{\partial \sigma^2}\frac{2(x_i-\mu)}{m} + \frac{\partial\ell}{\partial\mu}\frac1m",
        ),
        (None,),
    ),
    Written(
        "logreg-vector",
        (r"J(w) = -\frac1m \sum_{i=1}^m y_i \log \sigma(w^Tx_i) + (1-y_i)\log(1-\sigma(w^Tx_i))",),
        "w",
        (
            r"\nabla_w J",
            r"\frac{1}{m}\sum_{i=1}^m (\sigma(w^Tx_i) - y_i)x_i",
            r"\frac{1}{m}X^T(\sigma(Xw) - y)",
        ),
        (True, None),
    ),
    Written(
        "chain-dot",
        (r"\hat y = wx", r"L = (\hat y - y)^2"),
        "w",
        ("dL/dw", r"dL/d\hat y * d\hat y/dw", "2(ŷ - y)x"),
        (True, True),
    ),
    Written(
        "second",
        (r"f(w) = \log(1+e^{-w})",),
        "w",
        ("f''(w)", r"\frac{d}{dw}\left(-\frac{e^{-w}}{1+e^{-w}}\right)", r"\frac{e^{-w}}{(1+e^{-w})^2}"),
        (True, True),
    ),
    Written(
        "hessian",
        (r"f(x) = \frac12 x^TAx - b^Tx",),
        "x",
        (r"\nabla^2 f(x)", r"\frac12(A+A^T)", "A"),
        (True, False),
    ),
    Written(
        "kl",
        (r"D = \sum_i p_i \log\frac{p_i}{q_i}",),
        "",
        ("D", r"\sum_i p_i\log p_i - \sum_i p_i \log q_i", r"\sum_i p_i \log p_i - p_i\log q_i"),
        (True, True),
        ("p_i > 0", "q_i > 0"),
    ),
    Written("crossed-power", (), "x", (r"\frac{d}{dx}x^3", "3x^2", "3x^3"), (True, False)),
    Written("solve", (), "x", ("2x + 4 = 10", "2x = 6", "x = 3"), (True, True), (), "equation"),
    Written("solve-slip", (), "x", ("2x + 4 = 10", "2x = 14", "x = 7"), (False, True), (), "equation"),
    Written(
        "mle-p",
        (r"\ell(p) = k\log p + (n-k)\log(1-p)",),
        "p",
        (r"\frac{k}{p} - \frac{n-k}{1-p} = 0", r"k(1-p) = (n-k)p", r"k = np", r"p = \frac{k}{n}"),
        (True, True, True),
        (),
        "equation",
    ),
    Written("logdet", (), "X", (r"\frac{\partial \log\det X}{\partial X}", "X^{-T}"), (True,)),
    Written("inverse", (), "", (r"(AB)^{-1}", "A^{-1}B^{-1}"), (False,), ("A and B are square matrices",)),
    Written(
        "outer",
        (r"z = Wx",),
        "W",
        (r"\frac{\partial}{\partial W} \frac12\|Wx - y\|^2", r"(Wx - y)x^T", r"x^T(Wx - y)"),
        (True, False),
    ),
    Written(
        "frobenius",
        (r"f(W) = \|XW - Y\|_F^2",),
        "W",
        (r"\nabla_W f", r"2X^T(XW - Y)", r"2(XW-Y)X^T"),
        (True, False),
    ),
    Written(
        "entropy",
        (r"H = -\sum_i p_i \log p_i",),
        "p_j",
        (r"\frac{\partial H}{\partial p_j}", r"-\log p_j - 1", r"-\log p_j"),
        (True, False),
        ("p_i > 0",),
    ),
    Written("neg-exp", (), "z", (r"\frac{d}{dz}(1+e^{-z})", "-e^{-z}", "e^{-z}"), (True, False)),
    Written("words", (), "w", ("derivative of (y - wx)^2 with respect to w", "-2x(y-wx)"), (True,)),
)
