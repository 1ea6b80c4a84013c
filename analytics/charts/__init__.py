"""Control charts as pure functions: a design and data in, an immutable chart out.

``draw(design, Series.of(values, sizes, labels), rules=Rules(…))`` draws any kind; the designs are

- ``Attributes`` (p, np, c, u), ``Laney`` (p', u'), ``Gaps`` (g), ``TimesBetween`` (t),
- ``Individuals``, ``MovingRanges``, ``Ewma``, ``CusumSide``; ``individuals_and_ranges`` and ``cusum`` give pairs.

``calibrate`` freezes the parameters of a baseline, ``monitor`` judges later points against them; ``rolling`` and
``phased`` are other baselines, ``rebaseline`` records a new one. ``dispersion`` says whether an ordinary or a Laney
chart fits, the modules on run lengths how long a design runs until it signals. Points count from 1.
"""
