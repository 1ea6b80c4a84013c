"""How messages are joined into bubbles, and cut."""

from hypothesis import given
from hypothesis import strategies as st

from desk.channels.bubbles import (
    Bubble,
    MenuShape,
    Shape,
    Waiting,
    bubbles_for,
    first_part,
    next_bubble,
    without_choices,
)
from desk.channels.windows import Waits

TEXT = Shape(2048)
MENU = Shape(2048, MenuShape(head_bytes=1024, item_bytes=128, items=10))
CHOICES = [
    {"title": "全额退款", "payload": "1"},
    {"title": "重新发货", "payload": "2"},
    {"title": "都不要", "payload": "都不要"},
]


def waits(*texts: str, weight: str = "ordinary") -> list[Waiting]:
    return [Waiting(row=100 + n, number=n, text=text, weight=weight) for n, text in enumerate(texts, 1)]


def bubble(waiting: list[Waiting], room: int = 5, shape: Shape = TEXT) -> Bubble:
    found = next_bubble(waiting, room, shape)
    assert isinstance(found, Bubble), found
    return found


def all_of(waiting: list[Waiting], room: int, shape: Shape) -> list[Bubble]:
    """Everything as it would go out while there is room."""
    sent = []
    while waiting and room:
        found = next_bubble(waiting, room, shape)
        if isinstance(found, Waits):
            break
        sent.append(found)
        room -= 1
        said = dict(found.said)
        waiting = [
            one if one.row not in said else Waiting(**{**fields(one), "said_up_to": said[one.row]})
            for one in waiting
            if one.row not in said or said[one.row] is not None
        ]
    return sent


def fields(one: Waiting) -> dict[str, object]:
    return {name: getattr(one, name) for name in Waiting.__slots__}


def test_all_that_waits_goes_out_as_one_in_its_order() -> None:
    found = bubble(waits("先说这个。", "再说那个。", "最后这个。"))
    assert found.text == "先说这个。\n\n再说那个。\n\n最后这个。"
    assert found.said == ((101, None), (102, None), (103, None))
    assert found.number == 3


def test_a_message_is_not_cut_to_fill_a_bubble() -> None:
    found = bubble(waits("一" * 400, "二" * 400))
    assert found.text == "一" * 400 and found.said == ((101, None),)


def test_one_that_is_too_long_is_cut_where_a_sentence_ends() -> None:
    sentence = "这是一句话，说的是同一件事。"
    found = bubble(waits(sentence * 60))
    assert found.text.endswith("。") and len(found.text.encode()) <= 2048
    assert found.said == ((101, len(found.text)),)
    rest = all_of(waits(sentence * 60), 5, TEXT)
    assert "".join(part.text for part in rest) == sentence * 60


def test_a_paragraph_is_the_better_place_to_cut() -> None:
    text = "一。" * 200 + "\n\n" + "二。" * 200
    assert bubble(waits(text)).text == "一。" * 200


def test_no_cut_goes_through_a_character() -> None:
    family = "👨‍👩‍👧"
    part = first_part("字" * 2 + family * 40, 60)
    assert ("字" * 2 + family * 40)[:part].endswith(family)
    assert first_part("e\u0301" * 100, 11) == 6


def test_the_last_one_is_kept_for_what_decides() -> None:
    assert next_bubble(waits("收到。"), 1, TEXT) is Waits.KEPT_BACK
    together = [*waits("收到。"), Waiting(row=200, number=2, text="已退款30元。", weight="decisive")]
    assert bubble(together, room=1).text == "收到。\n\n已退款30元。"


def test_what_decides_does_not_overtake() -> None:
    """Where what came before leaves no place for it in the last bubble, all waits together."""
    waiting = [*waits("字" * 600), Waiting(row=200, number=2, text="已退款。" * 30, weight="decisive")]
    assert next_bubble(waiting, 1, TEXT) is Waits.KEPT_BACK
    assert bubble(waiting, room=2).said == ((101, None),)


def test_a_long_message_is_begun_only_where_it_can_be_ended() -> None:
    long = waits("字" * 1300, weight="decisive")
    assert bubbles_for("字" * 1300, 2048) == 2
    assert next_bubble(long, 1, TEXT) is Waits.KEPT_BACK
    assert len(all_of(long, 2, TEXT)) == 2
    # One of ordinary weight leaves the last for what decides.
    assert next_bubble(waits("字" * 1300), 2, TEXT) is Waits.KEPT_BACK
    assert len(all_of(waits("字" * 1300), 3, TEXT)) == 2


def test_what_no_customer_could_ever_be_sent_at_once_is_begun_all_the_same() -> None:
    endless = waits("字" * 6000, weight="decisive")
    assert len(all_of(endless, 5, TEXT)) == 5
    assert next_bubble(endless, 4, TEXT) is Waits.KEPT_BACK


def test_choices_are_tapped_where_the_channel_has_menus() -> None:
    text = "您看哪个合适？\n1. 全额退款\n2. 重新发货\n回复数字即可。"
    found = bubble([Waiting(row=1, number=7, text=text, buttons=CHOICES)], shape=MENU)
    assert found.text == "您看哪个合适？\n回复数字即可。"
    assert found.items == (("7-0", "1. 全额退款"), ("7-1", "2. 重新发货"), ("7-2", "都不要"))


def test_choices_that_no_menu_holds_are_written_out() -> None:
    long = [{"title": "退" * 60, "payload": "1"}]
    found = bubble([Waiting(row=1, number=7, text="请选：", buttons=long, spelled="1. 退")], shape=MENU)
    assert found.items == () and found.text == "请选：\n1. 退"


def test_only_the_newest_choices_are_written_out() -> None:
    first = Waiting(row=1, number=1, text="旧问题", buttons=CHOICES, spelled="旧选项")
    second = Waiting(row=2, number=2, text="新问题", buttons=CHOICES, spelled="新选项")
    assert bubble([first, second]).text == "旧问题\n\n新问题\n新选项"


def test_since_when_it_waited_stands_above() -> None:
    found = bubble([Waiting(row=1, number=1, text="已退款。", since="（昨天起在等您）")])
    assert found.text == "（昨天起在等您）\n已退款。"


def test_lines_that_number_the_choices_are_left_out_and_no_others() -> None:
    assert without_choices("甲\n1. 退款\n2. 退款\n1. 别的", ["退款", "换货"]) == "甲\n2. 退款\n1. 别的"


@given(
    st.lists(st.tuples(st.text(min_size=1, max_size=300), st.sampled_from(["ordinary", "decisive"])), max_size=6),
    st.integers(1, 9),
    st.integers(256, 600),
)
def test_nothing_is_lost_doubled_cut_apart_or_too_long(said: list[tuple[str, str]], room: int, limit: int) -> None:
    waiting = [Waiting(row=n, number=n, text=text, weight=weight) for n, (text, weight) in enumerate(said, 1)]
    sent = all_of(waiting, room, Shape(limit))
    assert len(sent) <= room
    assert all(len(part.text.encode()) <= limit for part in sent)
    whole = "".join("".join(part.text.split()) for part in sent)
    assert "".join("".join(text.split()) for text, _ in said).startswith(whole)
    begun = [row for part in sent for row, _ in part.said]
    assert begun == sorted(begun)
