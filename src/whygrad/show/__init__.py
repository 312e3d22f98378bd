"""Formulas and documents as text, LaTeX, Markdown and web pages.

:func:`whygrad.show.layout.layout` decides brackets, signs and fractions once; ``text.py``,
``latex.py`` and ``mathml.py`` spell its boxes; ``terminal.py``, ``latex_document.py``,
``markdown.py`` and ``html.py`` lay out documents; :func:`whygrad.show.render.render` is the door.
"""
