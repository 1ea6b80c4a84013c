"""How busy a day is: weekdays, seasons, holidays and the shopping days of the year."""

import math
from datetime import date, timedelta

from analytics.simulating.plan import Plan
from store.calendar import WorkingCalendar

# Monday to Sunday.
_WEEKDAYS = (1.04, 0.98, 0.95, 0.95, 1.02, 1.10, 0.96)
_HOLIDAY = 0.72
# First day, last day (month, day) and how many times the usual business there is.
_CAMPAIGNS = (((6, 16), (6, 20), 1.7), ((11, 10), (11, 13), 2.1), ((12, 11), (12, 12), 1.5))
_YEARLY = 0.08


def busyness(plan: Plan, calendar: WorkingCalendar) -> dict[date, float]:
    """How many times the usual business each day of the plan has; 1 on average."""
    days = [plan.since + timedelta(days=number) for number in range(plan.days)]
    holidays, made_up = calendar.among(days)
    drawn = {}
    for day in days:
        # A make-up working day is a Monday like any other.
        times = _WEEKDAYS[0] if day in made_up else _WEEKDAYS[day.weekday()]
        # Autumn and winter are the busy seasons.
        times *= 1 + _YEARLY * math.cos(2 * math.pi * (day.timetuple().tm_yday - 340) / 365.25)
        times *= _HOLIDAY if day in holidays else 1.0
        for begin, end, campaign in _CAMPAIGNS:
            if begin <= (day.month, day.day) <= end:
                times *= campaign
        drawn[day] = times
    mean = sum(drawn.values()) / len(drawn)
    return {day: times / mean for day, times in drawn.items()}
