"""The same stories on PostgreSQL, with three workers that really run at the same time.

Each worker is a thread with a hub of its own; they share nothing but the database.
"""

from __future__ import annotations

import pytest
import test_scenario_01 as one
import test_scenario_02 as two
import test_scenario_04 as four
import test_scenario_05 as five
import test_scenario_06 as six
import test_scenario_07 as seven
import test_scenario_10 as ten
import test_scenario_11 as eleven
from world import Fate, kill_everywhere, tell

pytestmark = pytest.mark.server

STORIES = [
    (one, one.story),
    (two, two.within_the_tolerance),
    (four, four.the_connection_drops),
    (four, four.the_erp_is_still_working),
    (five, five.finance_raises_the_limit),
    (five, five.the_deal_is_off),
    (six, six.the_crm_changes_the_lines),
    (seven, seven.merged_and_regretted),
    (ten, ten.equal_stamps_and_moving_pages),
    (eleven, eleven.in_the_wrong_order),
]


@pytest.mark.parametrize(("where", "told"), STORIES, ids=lambda x: getattr(x, "__name__", None))
def test_three_workers_at_the_same_time(where, told, postgresql_url):
    fate = Fate("three workers on PostgreSQL", workers=3, threads=True, events=1, url=postgresql_url)
    tell(told, where.make, fate, idle=3)


def test_one_worker_killed(postgresql_url):
    kill_everywhere(one.story, one.make, at_most=6, url=postgresql_url)
