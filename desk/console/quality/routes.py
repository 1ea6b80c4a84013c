"""The routes of the pages of quality; who may call each stands in :mod:`desk.console.permissions`."""

from aiohttp import web

from desk.console.quality.cases import CASES, cases_page
from desk.console.quality.charts import CHART, chart_csv, chart_page
from desk.console.quality.overviews import overview_csv, overview_page
from desk.console.quality.paretos import PARETO, pareto_csv, pareto_page
from desk.console.quality.pictures import PLOTLY, QUALITY, plotly_script
from desk.console.quality.recoveries import RECOVERY, recovery_csv, recovery_page
from desk.console.quality.response_times import TIMES, times_csv, times_page

ROUTES = [
    web.get(QUALITY, overview_page),
    web.get(f"{QUALITY}.csv", overview_csv),
    web.get(CHART, chart_page),
    web.get(f"{CHART}.csv", chart_csv),
    web.get(PARETO, pareto_page),
    web.get(f"{PARETO}.csv", pareto_csv),
    web.get(TIMES, times_page),
    web.get(f"{TIMES}.csv", times_csv),
    web.get(RECOVERY, recovery_page),
    web.get(f"{RECOVERY}.csv", recovery_csv),
    web.get(CASES, cases_page),
    web.get(PLOTLY, plotly_script),
]
