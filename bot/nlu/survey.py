"""The questions after a remedy: how content the customer is, how fair it was, what was missing; and who wants none of them."""

from __future__ import annotations

import re

FAIRNESS_KINDS = ("fairness_outcome", "fairness_procedure", "fairness_interaction")
# Answered by a number from 1 to 5.
RATING_KINDS = ("rating", *FAIRNESS_KINDS)
# Answered in words.
MISSING = "missing"
SURVEY_KINDS = (*RATING_KINDS, MISSING)

_TAIL = r"(?:[\s,.!~。?]|吧|了|啦|啊|哈|谢谢|thanks|thank you|please|pls|for now)*\W*$"
# This question only: the next one may come.
_SKIP = re.compile(
    rf"^\W*(?:先)?(?:跳过|略过|下一(?:个|题)|过|skip(?: it| this(?: one)?)?|pass|next(?: one| question)?){_TAIL}"
)
# No more of them. Said in full: "没有按时送到" tells what was missing, and does not refuse to.
_REFUSE = re.compile(
    r"^\W*(?:我)?(?:现在|先|真的|就|都|也)?(?:"
    r"不(?:用|必|要|需要|想|愿意?|方便|打算|评|打|填|了|答|回答|参加)(?:再)?(?:了|问|评|评价|评分|打分|打扰|参与|填|答|回答|说|谈)*(?:了|你们)?"
    r"|没(?:空|时间|兴趣|心情|什么|什么好说的?|啥|有|有了|了)|懒得(?:评|打分|说|理|填)?|算了|免了|拒绝(?:评价)?|"
    r"(?:以后|改天|回头|下次|晚点|晚些|等会儿?|一会儿?|过几天|等等|有空|有时间)(?:再)?(?:说|评|打分|来|看|聊|讲)?|"
    r"(?:在|正在)?忙(?:着)?(?:呢)?|别(?:再)?(?:问|烦|打扰|发)(?:我|了)*(?:了)?|"
    r"no|nope|nah|no,? (?:thanks?|thank you)|not (?:now|today|really|interested)|(?:maybe |perhaps )?(?:later|another time|some other time|tomorrow)|"
    r"no time|(?:i(?:'m| am) )?(?:too |very )?busy(?: (?:right )?now)?|i(?:'d| would) (?:rather|prefer) not(?: (?:to|say|answer|rate))*|"
    r"(?:i )?(?:don'?t|do not) (?:want|wish|care|feel like|have time)(?: to| it| this)?(?: (?:rate|answer|say|rating|answering))*(?: (?:it|this|that|you|anything))?|"
    r"(?:please )?(?:stop|quit) (?:asking|bothering|messaging)(?: me)?|leave me alone|nothing(?: else| more)?|never ?mind|decline|opt out"
    rf"){_TAIL}"
)
# Not now: the question may stand.
_LATER = re.compile(
    r"^\W*(?:我)?(?:先)?(?:"
    r"(?:以后|改天|回头|下次|晚点|晚些时候?|等会儿?|待会儿?|一会儿?|过几天|过两天|明天|等等|等我有空|有空|有时间)(?:我)?(?:再)?"
    r"(?:说|看|聊|讲|选|定|决定|答复|回复?(?:你|您|你们)?)(?:吧)?|"
    r"(?:让|容)?我?(?:再)?(?:考虑|想|琢磨)(?:考虑|想|琢磨|一下|一想)+(?:再说)?|"
    r"(?:maybe |perhaps )?(?:later|another time|some other time)|(?:let me|i(?:'ll| will| need to| have to)) think(?: about it| it over)?|"
    r"i(?:'ll| will) (?:get back to you|let you know|decide|reply|answer)(?: later| tomorrow| about it)?|"
    r"i need (?:some |more |a little )?time(?: to think)?|give me (?:some time|a (?:moment|minute|while|day))"
    rf"){_TAIL}"
)
_WORDS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (
        1,
        re.compile(
            r"^\W*(?:非常不满意|很不满意|极差|很差|太差了?|差劲|很不好|(?:很|非常|太|极)不公平|"
            r"very (?:dissatisfied|unsatisfied|unhappy|bad|poor|unfair|badly|poorly)|terrible|terribly|awful|worst|not at all)\W*$"
        ),
    ),
    (
        2,
        re.compile(
            r"^\W*(?:不满意|不太满意|不太好|不好|不怎么样|不(?:太|怎么)?公平|差|"
            r"dissatisfied|unsatisfied|poor|poorly|bad|badly|not (?:satisfied|happy|good|great|well|fair|very fair)|unfair)\W*$"
        ),
    ),
    (3, re.compile(r"^\W*(?:一般|一般般|还行|凑合|马马虎虎|neutral|so so|so-so|average|ok(?:ay)?|meh)\W*$")),
    (
        5,
        re.compile(
            r"^\W*(?:非常满意|很满意|特别满意|十分满意|满分|(?:非常|很|特别|十分)(?:好|公平)|"
            r"very (?:satisfied|happy|good|fair|well)|excellent|perfect|perfectly|great|wonderful|top marks|full marks)\W*$"
        ),
    ),
    (
        4,
        re.compile(
            r"^\W*(?:满意|比较满意|挺好的?|(?:还|挺)?不错|(?:挺|比较|还算)?公平|satisfied|good|happy|fair|well|fairly)\W*$"
        ),
    ),
)


def score_in_words(text: str) -> int | None:
    """The rating 1–5 that a normalised lower-case text says without a number: "很满意", "not fair"."""
    return next((score for score, pattern in _WORDS if pattern.search(text)), None)


def skips(text: str) -> bool:
    """Whether the customer leaves out this one question."""
    return bool(_SKIP.match(text))


def refuses(text: str) -> bool:
    """Whether the customer wants no more such questions, now or at all."""
    return bool(_REFUSE.match(text))


def puts_off(text: str) -> bool:
    """Whether the customer answers later: neither yes nor no, and nothing new."""
    return bool(_LATER.match(text))
