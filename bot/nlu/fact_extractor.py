"""Reads facts from a message by rules: numbers, amounts, times, the wished remedy, choices and ratings."""

from __future__ import annotations

import re
from functools import cache
from re import Pattern
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.awaited import Awaited, awaited_of
from bot.nlu.lexicon import load
from bot.nlu.normaliser import NORMALISED
from bot.nlu.survey import RATING_KINDS

# Key on the message under which the facts are left.
FACTS = "facts"
# Digits or a score, and hardly anything beside.
_LONGEST_BARE_ANSWER = 12
REMEDIES = (
    "apology",
    "explanation",
    "refund",
    "voucher",
    "replacement",
    "redo",
    "upgrade",
    "gift",
    "call_back",
    "priority",
)

_ORDER = re.compile(r"(?<![a-z0-9])[a-z]{0,3}\d{8,24}[a-z]?(?![a-z0-9])")
_ORDER_NAMED = re.compile(
    r"(?:订单号码?|订单编号|订单|定单号?|单号|编号|预订号|预定号|确认号|运单号?|票号|流水号|"
    r"\b(?:order|booking|reservation|confirmation|ticket|reference|ref|case|invoice|tracking)(?: (?:number|no|num|id|code|ref|reference))?)"
    r"\s{0,2}(?:是|为|系|:|#|is|was|no\.?|number)?[\s:#.]{0,4}([a-z]{0,6}\d{4}(?: \d{4}){1,5}(?!\d)|[a-z]{0,6}-?\d[a-z0-9-]{2,24})(?![a-z0-9])"
)
_LOOSE_NUMBER = re.compile(r"(?<![a-z0-9])(?=[a-z-]{0,8}\d)[a-z0-9-]{4,26}(?![a-z0-9])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d{9})(?!\d)|(?<![\d+])(\+\d{1,3}[ -]?(?:\d[ -]?){6,11}\d)(?!\d)")
_PHONE_NAMED = re.compile(
    r"(?:电话|手机|联系方式|\b(?:phone|mobile|cell|tel|number to reach me))(?:号码?| number)?\s{0,2}(?:是|:|is)?\s{0,2}((?:\d[ -]?){7,12}\d)(?!\d)"
)
_LAST_FOUR_NAMED = re.compile(
    r"(?:尾号|后四位|后4位|末四位|末4位|最后四位|最后4位|tail|\b(?:last (?:four|4)(?: digits)?|ending(?: in| with)?|ends (?:in|with)))\s{0,2}(?:是|为|系|:|are|is|号)?\s{0,2}(\d{4})(?!\d)"
)
_SPEAKS_OF_PHONE = re.compile(r"手机|电话|phone|mobile|cell")
_FOUR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_DATE_LIKE = re.compile(r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$")

_NUMERAL = r"(?:\d{1,9}(?:,\d{3}){0,3}(?:\.\d{1,2})?)"
_CHINESE_NUMERAL = r"[零一二两三四五六七八九十百千万]{1,9}"
# "2百", "1万5千": digits before Chinese units.
_MIXED_NUMERAL = r"(?:(?<![\d.])(?:\d{1,4}[百千万]){1,3})"
_AMOUNT = (
    (re.compile(rf"({_MIXED_NUMERAL})()多?(?:元|块|圆|人民币)"), "CNY"),
    (re.compile(rf"[¥¥]\s?({_NUMERAL})(万)?"), "CNY"),
    # "退我200": what is asked back needs no unit.
    (
        re.compile(r"(?:退款?|退钱|赔偿?|补偿?)(?:给|还)?我?(\d{1,5}(?:\.\d{1,2})?)()(?=吧|就|$|[,，。!！?？;；\s])"),
        "CNY",
    ),
    (re.compile(rf"({_NUMERAL})\s?(万)?多?\s?(?:元|块钱?|圆|人民币|rmb\b|cny\b|yuan\b|大洋)"), "CNY"),
    (re.compile(rf"(?:rmb|cny|人民币)\s?({_NUMERAL})(万)?"), "CNY"),
    (
        re.compile(
            rf"(?<![第周\d.])({_CHINESE_NUMERAL})()多?(?:元|块钱|块(?![肉头砖布板地屏塑玻石骨木铁皮糕饼糖姜冰电表毛肥豆污油疤青淤红霉牌]|蛋糕|手表))([一二三四五六七八九半])?"
        ),
        "CNY",
    ),
    (re.compile(rf"(?:退|赔偿?|补偿?)(?:给)?我?({_NUMERAL})(万)?(?=[,。!?吧就行可\s]|$)"), "CNY"),
    (re.compile(rf"\$\s?({_NUMERAL})()"), "USD"),
    (re.compile(rf"({_NUMERAL})()\s?(?:usd\b|dollars?\b|bucks?\b|美元|美金|刀)"), "USD"),
    (re.compile(rf"£\s?({_NUMERAL})()"), "GBP"),
    (re.compile(rf"({_NUMERAL})()\s?(?:gbp\b|pounds?\b|quid\b|英镑)"), "GBP"),
    (re.compile(rf"€\s?({_NUMERAL})()"), "EUR"),
    (re.compile(rf"({_NUMERAL})()\s?(?:eur\b|euros?\b|欧元)"), "EUR"),
)
_LARGEST_AMOUNT = 10**11
# Directly before an amount: it is asked for, not what was paid, offered or given already.
_ASKED = re.compile(
    r"(?<![不已只才没别])(?:退|赔|补|返|要|还我|给我)(?![了过])[^\d,，。!?;；¥$£€了过]{0,6}[¥$£€]?$"
    r"|\b(?:refund|compensate|reimburse|pay|give|send|want|owe)\b(?: me| us)?(?: (?:back|the|a|of|at least|just|only))*\W{0,2}$"
)
_DAY_PART = r"(?:早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|半夜|凌晨|晚|早)?"
_CLOCK = r"(?:(?:[01]?\d|2[0-3])(?::[0-5]\d|点半|点(?:[0-5]?\d分?)?)|[一二两三四五六七八九十]{1,3}点(?:半|钟|多)?)?"
_COUNT = r"(?:\d{1,3}|[一二两三四五六七八九十半几]{1,3})"
_OCCURRED = (
    re.compile(
        rf"(?:20\d\d年)?\d{{1,2}}月\d{{1,2}}[日号]?{_DAY_PART}{_CLOCK}"
        rf"|(?:正|腊|冬|[一二三四五六七八九十]{{1,2}})月(?:初[一二三四五六七八九十]|[一二三四五六七八九十]{{1,3}}[日号]){_DAY_PART}{_CLOCK}"
        r"|20\d\d[-/.]\d{1,2}[-/.]\d{1,2}"
    ),
    re.compile(
        rf"(?:大前天|前天|昨天|昨日|今天|今日|当天|昨晚|琴晚|寻晚|寻日|琴日|噚晚|噚日|听日|今晚|今早|昨夜|前晚){_DAY_PART}{_CLOCK}"
    ),
    re.compile(
        rf"(?:上上|上个?|这个?|本)(?:周|星期|礼拜)(?:[一二三四五六日天末]{_DAY_PART}{_CLOCK})?|(?:周|星期|礼拜)[一二三四五六日天末]{_DAY_PART}{_CLOCK}|上个?月(?:\d{{1,2}}[号日])?|去年|前几天|前些天|刚才|刚刚"
    ),
    re.compile(rf"{_COUNT}个?(?:多)?(?:天|小时|分钟|周|星期|礼拜|月|年)(?:以?前|之前)"),
    re.compile(r"(?<!\d)(?:早上|上午|中午|下午|晚上|凌晨)(?:\d{1,2}点半?|[一二两三四五六七八九十]{1,3}点半?)"),
    re.compile(
        r"\b(?:(?:on )?(?:last |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day(?: (?:morning|afternoon|evening|night))?|yesterday(?: (?:morning|afternoon|evening))?"
        r"|today|this (?:morning|afternoon|evening)|last (?:night|week|month|year|weekend)|tonight|the day before yesterday"
        r"|(?:\d{1,3}|a|an|one|two|three|four|five|six|seven|eight|nine|ten|a few|a couple of) (?:minutes?|hours?|days?|weeks?|months?|years?) ago"
        r"|(?:on )?(?:the )?\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}"
        r"|(?:on )?(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.? \d{1,2}(?:st|nd|rd|th)?\b"
        # A score out of five or ten is no date, unless the words say so.
        r"|(?:(?<=\bon )|(?<=since )|(?<=from )|(?!(?:[1-5]/5|(?:[1-9]|10)/10)(?![\d/])))(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?:/\d{2,4})?(?!\d))(?:,? (?:at |around |about )?\d{1,2}(?::\d\d)? ?(?:am|pm)?\b(?! ?[a-z]{3}))?"
    ),
)
_PRODUCT = (
    re.compile(
        r"(?:买|购买|订购|购|入手|点|收到)(?:了|的|到)?(?:一|两|这|那)?(?:个|件|台|双|条|瓶|箱|盒|袋|份|套|只|把|部|块|本|杯|包|张|款)?(?:的)?"
        r"([一-鿿]{2,8}?)(?=[,，。!?\s]|坏|不|一|就|是|有|太|很|没|用|才|到|里|全|都|少|发|质|居|竟|还|也|已|又|开|漏|破|$)"
    ),
    re.compile(
        r"\b(?:my|the|this) (?:new )?((?!(?:one|thing|item|order|same|only|product|money|refund)\b)[a-z]+(?: [a-z]+)?) (?:i|we) (?:bought|ordered|got|received|purchased)\b"
    ),
    re.compile(
        r"\b(?:bought|ordered|purchased) (?:a|an|some|two|this) (?:new )?((?!(?:one|thing|item|few|couple|lot)\b)[a-z]+)\b"
    ),
)
_NOT_A_PRODUCT = re.compile(
    "东西|商品|产品|货|时候|订单|快递|这家|那家|他家|你家|你们|我们|他们|贵|评|退|单|错|了|过|几|多|不"
)

_WISH = re.compile(
    r"要|想|希望|请|给|帮|能不能|可以|可不可以|麻烦|申请|要求|就|还是|那|吧|马上|立刻|赶紧|必须|把|得|选|直接|宁愿|攞"
    r"|\b(?:want|need|like|please|give|get|send|can|could|would|demand|request|prefer|expect|just|let|rather|give me|i'll take|take|pls|looking for|should)\b"
)
_NOT_WISHED = re.compile(
    r"(?:不给|不让|不肯|不想给|拒绝|拒不|还没|没有|没|未|不能|无法|一直不|至今|迟迟|不予|不|别|别给我|不要|不用|不需要|说好|答应|承诺|说要|不接受|用不了|多久|几天|什么时候)[^,，。!?]{0,4}$"
    r"|\b(?:no|not|never|don't|dont|without|refused?(?: to| a| me a| my)?|denied|won't|wont|didn't|hasn't|haven't|still no|waiting for (?:a|my|the)|wouldn't|can't|how long|when will|where is my|where's my|my)\W+(?:\w+\W+){0,1}$"
)
_NOT_WISHED_AFTER = re.compile(
    r"^.{0,4}(?:没到|还没|未到|失败|不了|被拒|慢|多久|几天|要几|什么时候|没收到|没给|在哪|到哪|政策|规则|流程|用不了|不能用|有效期|怎么用|过期)"
    r"|^\W*(?:policy|has not|hasn't|never|still|not|was (?:denied|refused)|take|takes|expires?|expired|didn't|code (?:doesn't|didn't|isn't))\b"
)
_IN_FULL = re.compile(
    r"全额|全款|全退|全部(?:都)?退|退全部|整单退|(?<!不)原价退|\bfull(?:y)? refund|\brefund\w*.{0,12}\b(?:in full|fully|everything|full|whole|entire)\b"
    r"|\b(?:full|whole|entire) (?:amount|price|refund|sum)|\ball (?:of )?my money"
)
_CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}


@cache
def _remedy_patterns() -> tuple[tuple[str, Pattern[str]], ...]:
    lexicon = load("remedies")
    return tuple((kind, re.compile("|".join(f"(?:{pattern})" for pattern in lexicon[kind]))) for kind in REMEDIES)


def chinese_number(numeral: str) -> int | None:
    """The value of a Chinese numeral up to 万 ("三百五" → 350), or None if it is none."""
    total = section = digit = 0
    last_unit = 1
    for character in numeral:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
            if character == "零":
                last_unit = 1
        else:
            unit = {"十": 10, "百": 100, "千": 1000, "万": 10000}.get(character)
            if unit is None:
                return None
            if unit == 10000:
                total, section = (total + section + digit) * unit, 0
            else:
                section += (digit or 1) * unit
            digit, last_unit = 0, unit
    # "三百五" is 350, "三百零五" 305.
    return total + section + (digit * (last_unit // 10) if last_unit > 10 else digit)


def amount_of(text: str) -> dict[str, Any] | None:
    """The amount of money as ``{"minor": int, "currency": ISO code}``; minor units are hundredths.

    Of several the one that is asked for ("I paid 500, refund me 200"), else the first.
    """
    found: dict[int, dict[str, Any]] = {}
    for pattern, currency in _AMOUNT:
        for match in pattern.finditer(text):
            minor = _minor_of(match)
            if minor is not None and 0 < minor <= _LARGEST_AMOUNT:
                found.setdefault(match.start(1), {"minor": minor, "currency": currency})
    asked = [start for start in found if _ASKED.search(text[max(0, start - 24) : start])]
    return found[min(asked or found)] if found else None


def _minor_of(match: re.Match[str]) -> int | None:
    numeral = match.group(1).replace(",", "")
    if not numeral[0].isdigit():
        value: float | None = chinese_number(numeral)
    elif numeral[-1].isdigit():
        value = float(numeral)
    else:
        parts = re.findall(r"(\d+)([百千万])", numeral)
        value = sum(int(digits) * {"百": 100, "千": 1000, "万": 10000}[unit] for digits, unit in parts)
    if value is None:
        return None
    minor = round(value * 100) * (10000 if match.group(2) else 1)
    if match.re.groups > 2 and match.group(3):
        # "四十六块五" is 46.50.
        minor += 50 if match.group(3) == "半" else 10 * _CHINESE_DIGITS[match.group(3)]
    return minor


def occurred_of(text: str) -> str | None:
    """When it happened, as said ("昨天下午", "last friday"), or None."""
    matches = [match for match in (pattern.search(text) for pattern in _OCCURRED) if match]
    if not matches:
        return None
    return min(matches, key=lambda match: (match.start(), -match.end())).group().strip()


def remedies_named(text: str) -> list[str]:
    """Remedy kinds the text names, refusals and complaints about them left out, in the order of the text."""
    named: list[tuple[int, str]] = []
    for kind, pattern in _remedy_patterns():
        for match in pattern.finditer(text):
            before, after = text[max(0, match.start() - 24) : match.start()], text[match.end() : match.end() + 16]
            if not _NOT_WISHED.search(before) and not _NOT_WISHED_AFTER.search(after):
                named.append((match.start(), kind))
                break
    return [kind for _, kind in sorted(named)]


def wished_remedy_of(text: str, awaited: Awaited) -> str | None:
    """The remedy kind the customer asks for; naming one is enough where that is what was asked, or in a short message."""
    named = remedies_named(text)
    if not named:
        return None
    if awaited.kind in ("wish", "offer") or len(text) <= 6 or _WISH.search(text):
        return named[0]
    return None


def _order_number(text: str, awaited: Awaited) -> str | None:
    named = _ORDER_NAMED.search(text)
    if named:
        # Read off in groups of four: "2026 1113 8801".
        return named.group(1).replace(" ", "").upper()
    for match in _ORDER.finditer(text):
        number = match.group()
        if _PHONE.fullmatch(number) and (awaited.kind != "order_number" or _SPEAKS_OF_PHONE.search(text)):
            continue
        if _DATE_LIKE.match(number) and awaited.kind != "order_number":
            continue
        return number.upper()
    if awaited.kind == "order_number":
        loose = [match.group() for match in _LOOSE_NUMBER.finditer(text) if any(map(str.isdigit, match.group()))]
        if _SPEAKS_OF_PHONE.search(text):
            loose = [number for number in loose if not _PHONE.fullmatch(number)]
        if loose:
            return max(loose, key=len).strip("-").upper()
    return None


def _product(text: str) -> str | None:
    for pattern in _PRODUCT:
        match = pattern.search(text)
        if match and not _NOT_A_PRODUCT.search(match.group(1)):
            return match.group(1)
    return None


def facts_of(text: str, awaited: Awaited) -> dict[str, Any]:
    """Facts said in a normalised lower-case text, in the keys of docs/understanding.md; only what was said."""
    facts: dict[str, Any] = {}
    last_four = _LAST_FOUR_NAMED.search(text) or (awaited.kind == "order_proof" and _FOUR.search(text))
    phone = _PHONE.search(text) or _PHONE_NAMED.search(text)
    facts["order_number"] = (
        None
        if awaited.kind in ("order_proof", *RATING_KINDS) and len(text) <= _LONGEST_BARE_ANSWER
        else _order_number(text, awaited)
    )
    if phone:
        digits = re.sub(r"[ -]", "", next(group for group in phone.groups() if group))
        facts["phone"] = None if facts["order_number"] == digits else digits
    facts["phone_last4"] = last_four.group(1) if last_four else None
    if awaited.kind == "order_proof" and not last_four and facts.get("phone"):
        facts["phone_last4"] = facts["phone"][-4:]
    facts["amount"] = amount_of(text)
    facts["occurred"] = occurred_of(text)
    facts["product"] = _product(text)
    facts["wished_remedy"] = wished_remedy_of(text, awaited)
    facts["choice"] = awaited.choice(text, remedies_named(text))
    facts["rating"] = awaited.rating(text)
    facts["skips"] = awaited.skips(text) or None
    facts["later"] = awaited.later(text) or None
    facts["in_full"] = (facts["wished_remedy"] == "refund" and bool(_IN_FULL.search(text))) or None
    return {key: value for key, value in facts.items() if value is not None}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class FactExtractor(GraphComponent):
    """Leaves ``facts`` on each message; needs the normaliser before it."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FactExtractor:
        """Nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Reads the facts of each message in place, guided by what was awaited."""
        for message in messages:
            normalised = message.get(NORMALISED)
            facts = facts_of(normalised["matching"], awaited_of(message))
            for key in ("occurred", "product"):
                # As said: with the capital letters of the customer.
                place = normalised["text"].lower().find(facts[key]) if key in facts else -1
                if place >= 0:
                    facts[key] = normalised["text"][place : place + len(facts[key])]
            message.set(FACTS, facts)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training examples need no facts."""
        return training_data
