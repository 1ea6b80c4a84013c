"""Strip a customer's words of what names a person, so that they may be kept as training data (PIPL art. 47).

By patterns, Chinese and English: phones, e-mail, identity documents, bank cards, order and parcel numbers, addresses,
links, WeChat and QQ ids, number plates, and how people name themselves and others. What the customer's card knows
(names, numbers of orders) is struck out wherever it stands. Rather too much is struck out than too little; dates,
amounts and counts stay, since a complaint says little without them.

Pure: text in, text out. A pattern knows no name that nobody introduced; who reads the export should still look.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

# In place of what was struck out: no word of any language, so that a model learns nothing from it.
MARK = "***"

# Full-width letters, digits and signs are read as their plain twins, one for one, so that places stay the same.
_PLAIN = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff"
_CHINESE_DIGIT = "零〇一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗"
    "凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁"
    "毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊"
    "胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊甄曲家封芮储靳"
    "汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶黎蓟薄印宿白"
    "怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍郤璩桑桂濮牛寿通边扈燕冀郏浦尚农"
    "温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁"
    "勾敖融冷訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公"
)
_TWO_SURNAMES = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯"
_TITLES = "先生|女士|小姐|太太|老师|师傅|阿姨|大姐|大哥|经理|医生|大夫|律师"
# What follows `我叫` without being a name: `我叫你们退款`, `我叫了外卖`.
_NO_NAME = "你我他她它们了过的外一车客人不没退快来去给这那停车骑商家卖到"
_STREET = "Street|Road|Avenue|Lane|Drive|Boulevard|Crescent|Terrace|Parkway|Highway"
_STREET_SHORT = "St|Rd|Ave|Ln|Dr|Blvd|Ct|Pl|Sq|Court|Place|Square|Way|Close|Gardens|Grove|Row"
_PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# What stands between a word and the number it announces.
_IS = r"\s*(?:(?:是|为|[:=#]|is|was|no\.?|number|num)\s*){0,3}"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the person and must not stay, whatever it looks like.

    Attributes:
        names: of people; of a name of several words each word of three letters or more counts.
        numbers: of orders, phones, cases; two characters or more.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def _compiled(*patterns: str, flags: int = re.IGNORECASE) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, flags) for pattern in patterns)


# What stands in a group named `kept` stays; the rest of a match goes. The order matters: what is longest and surest
# comes first, and what was struck out is not looked at again.
_LINKS = _compiled(
    rf"(?:https?|ftp)://[^\s{_HAN}，。；、！？）】》\"'<>]+",
    rf"(?<![a-z0-9])www\.[^\s{_HAN}，。；、！？）】》\"'<>]+",
    r"[a-z0-9._%+-]{1,64}\s?@\s?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}",
    r"(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|cn|net|org|top|xyz|shop|vip|cc|io|me|co|uk|link|site|info)"
    rf"(?![a-z0-9-])(?:/[^\s{_HAN}，。；、！？）】》\"'<>]*)?",
    r"(?<![\w@])@[\w.-]{2,40}",
)
_ACCOUNTS = _compiled(
    rf"(?P<kept>微信号?|威信|薇信|v信|wechat|weixin|vx|wx|qq号?|抖音号?|小红书号?|telegram|whatsapp|line\s?id)(?:\s?id)?"
    rf"{_IS}(?:[a-z][\w-]{{5,19}}|\d{{5,12}})(?![\w-])",
    rf"(?P<kept>身份证号?码?|护照号?码?|passport|id\s?card|driving\s?licen[cs]e|ssn|社保号){_IS}"
    rf"(?=[a-z0-9 -]*\d)[a-z0-9][a-z0-9 -]{{4,24}}[a-z0-9]",
    rf"(?P<kept>工号|员工号|会员号|会员卡号?|卡号|账号|帐号|户号|取件码|验证码|车牌号?){_IS}[{_PLATES}]?"
    r"(?=[a-z0-9-]*\d)[a-z0-9-]{3,24}",
    rf"(?P<kept>尾号|[后末]四位|[后末]4位|last\s+(?:four|4)(?:\s+digits)?|ending\s+(?:in|with)){_IS}\d{{3,6}}",
    rf"[{_PLATES}][a-z][·\s]?[a-z0-9]{{5,6}}(?![a-z0-9])",
)
_NUMBERS = _compiled(
    # Bank cards in groups of four.
    r"(?<!\d)\d{4}(?:[ -]\d{4}){2,3}(?:[ -]\d{1,4})?(?!\d)",
    # Identity card (GB 11643): 17 digits and a check sign; separators as people put them.
    r"(?<!\d)\d{6}[ -]?(?:19|20)\d{2}[ -]?\d{4}[ -]?\d{3}[\dx](?![\da-z])",
    # Phones: with country code; mainland mobiles; landlines; as written in English.
    r"(?<![\d+])(?:\+|00)\d{1,3}(?:[ .()/-]{0,2}\d){6,13}(?!\d)",
    r"(?<!\d)1[3-9]\d(?:[ .*-]?\d){8}(?!\d)",
    r"(?<!\d)\(?0\d{2,4}\)?[ -]?\d{3,4}[ -]?\d{3,5}(?!\d)",
    r"(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)",
    r"(?<!\d)[48]00[ -]?\d{3}[ -]?\d{4}(?!\d)",
    # Digits written in Chinese, as of a number read aloud: no word has seven in a row.
    rf"[{_CHINESE_DIGIT}](?:[ ,，、]?[{_CHINESE_DIGIT}]){{6,}}",
    # Numbers of orders, parcels, cases.
    rf"(?P<kept>订单编?号?|单号|运单号?|快递单号?|流水号|工单号?|编号|(?:order|booking|reservation|tracking|case|ticket|"
    rf"invoice|reference|ref)(?:\s*(?:id|code|number|no\.?))?){_IS}(?=[a-z0-9-]*\d)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?![a-z])",
    r"(?<![a-z0-9])[a-z]{1,4}-[a-z0-9]{4}(?:-[a-z0-9]{4})+(?![a-z0-9])",
    r"(?<![a-z0-9])(?=[a-z]*\d)(?=(?:[a-z-]*\d){4})(?=\d*[a-z])[a-z0-9][a-z0-9-]{6,38}[a-z0-9](?![a-z0-9])",
    r"(?<!\d)(?:\d{1,3}\.){3}\d{1,3}(?!\d)",
    # Any long number; a day such as 2026-11-18 stays.
    r"(?<!\d)(?!(?:19|20)\d\d[-./](?:0?\d|1[0-2])[-./]\d{1,2}(?!\d))\d(?:[-.]?\d){6,}(?!\d)",
)
_ADDRESSES = _compiled(
    # After a word that announces it: the whole clause.
    r"(?P<kept>(?:收货|收件|送货|配送|家庭|详细|公司)?(?:地址|住址)|shipping address|delivery address|my address)"
    r"\s*(?:是|为|[:：]|is)?\s*[^，。；;！!？?\n]{4,80}",
    r"(?P<kept>家?住在?|寄[到往给]|送[到往]|发[到往]|搬到)(?=[^，。,.；;！!？?\n]{2,30}(?:省|市|区|县|镇|乡|街道|大道|路\d|街\d|弄|巷|小区"
    r"|花园|公寓|号楼|栋|幢|单元|室))[^，。,.；;！!？?\n]{2,60}",
    # By its parts.
    rf"(?:[{_HAN}]{{2,5}}?(?:省|自治区|自治州|市|区|县|镇|乡|街道)\s?){{0,3}}[{_HAN}a-z0-9]{{1,8}}?(?:路|街|大道|巷|弄|胡同)"
    rf"\s?\d{{1,5}}\s?[号弄](?:院|楼)?(?:[{_HAN}a-z0-9 -]{{0,16}}?(?:号楼|栋|幢|座|单元|层|楼|室|户|房))*",
    rf"(?:[{_HAN}]{{2,8}}(?:小区|花园|公寓|家园|苑|新村|大厦|广场|宿舍)\s?)?[a-z]?\d{{1,4}}\s?(?:号楼|栋|幢|单元|座)"
    r"(?:\s?\d{1,4}\s?(?:单元|层|楼|室|号|户|房))*(?:\s?[-－]?\s?\d{2,4}(?:室|号|户|房)?)?",
    rf"[{_HAN}]{{2,3}}省[{_HAN}]{{2,6}}?市(?:[{_HAN}]{{1,6}}?[区县市])?(?:[{_HAN}]{{1,6}}?(?:镇|乡|街道))?",
    rf"[{_HAN}]{{2,4}}?市[{_HAN}]{{1,4}}?[区县](?:[{_HAN}]{{1,6}}?(?:镇|乡|街道|村))?",
    r"邮编\s*[:：]?\s*\d{6}",
    rf"(?:(?:flat|apt|apartment|unit|suite|room)\.?\s*#?\w{{1,5}},?\s+)?(?<![a-z0-9])\d{{1,5}}[a-z]?,?\s+(?:[a-z][\w'.-]*\s+){{1,3}}"
    rf"(?:{_STREET})\b\.?(?:,?\s*(?:flat|apt|apartment|unit|suite|#)\.?\s*\w{{1,5}})?",
    r"(?<![a-z])(?:flat|apt|apartment|suite)\.?\s*#?\d+[a-z]?\b",
) + _compiled(
    rf"(?<![A-Za-z0-9])\d{{1,5}}[A-Za-z]?,?\s+(?:[A-Z][\w'.-]*\s+){{1,3}}(?:{_STREET_SHORT})\b\.?",
    r"(?<![A-Za-z0-9])[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}(?![A-Za-z0-9])",
    r"(?<![A-Za-z0-9])[A-Z]{2}\s\d{5}(?:-\d{4})?(?!\d)",
    flags=0,
)
_NAME = rf"(?:{_TWO_SURNAMES}|[{_SURNAMES}])"
_PEOPLE = _compiled(
    rf"(?P<kept>我叫|我的名字[叫是]|名字[叫是]|(?:姓名|收[件货]人|联系人|户主|机主)[:是])\s*"
    rf"(?![{_NO_NAME}])[{_HAN}]{{2,4}}?(?=[，。,.；;！!？?、\s]|的|住|电话|手机|$)",
    rf"(?P<kept>我叫|我是|姓名[:是]?|收[件货]人[:是]?|联系人[:是]?)\s*{_NAME}(?![{_NO_NAME}])[{_HAN}]{{1,2}}"
    rf"(?=[，。,.；;！!？?、\s]|$)",
    rf"(?P<kept>我姓|免贵姓|贵姓)\s*{_NAME}",
    rf"{_NAME}[{_HAN}]{{0,2}}?(?={_TITLES})",
    rf"(?P<kept>客服|骑手|店员|司机|店长|快递员|配送员|小哥|师傅|顾问|专员)(?:叫)?[小老阿]{_NAME}",
) + _compiled(
    r"(?P<kept>\b(?:[Mm]y name is|[Nn]ame:|I am called|I'm called|[Cc]all me|[Ss]igned,?|[Rr]egards,?|[Ss]incerely,?|"
    r"[Tt]hanks,)\s+)[A-Z][\w'-]+(?:\s+[A-Z][\w'.-]+){0,3}",
    r"(?P<kept>\b(?:I am|I'm|[Tt]his is|[Ss]poke (?:to|with)|[Tt]alked to|[Nn]amed|[Cc]alled)\s+)"
    r"[A-Z][a-z'-]+\s+[A-Z][a-z'-]+(?:\s+[A-Z][a-z'-]+)?",
    r"(?P<kept>\b(?:[Ss]poke (?:to|with)|[Tt]alked to|[Nn]amed|[Aa]gent|[Dd]river|[Cc]ashier|[Mm]anager)\s+)"
    r"(?!(?:The|A|An|Your|My|I|And|But|At|On|In)\b)[A-Z][a-z'-]{2,}(?:\s+[A-Z][a-z'-]+)?",
    r"\b(?P<kept>(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?\s+)[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)?",
    flags=0,
)
_ALL = (*_LINKS, *_ACCOUNTS, *_ADDRESSES, *_NUMBERS, *_PEOPLE)
# Of a run of them one is enough.
_MARKS = re.compile(r"(?:\*{3}[ \t]*){2,}")


def strip_personal_data(text: str, known: Known | None = None) -> str:
    """``text`` with ``***`` in place of personal data.

    Args:
        known: what the firm knows of the person.
    """
    for pattern in (*_known_patterns(known or Known()), *_ALL):
        text = _strike(text, pattern)
    return _MARKS.sub(lambda marks: MARK + (" " if marks[0][-1].isspace() else ""), text)


def _strike(text: str, pattern: re.Pattern[str]) -> str:
    # Matched on the plain twin, cut from the original: what stays keeps its own form.
    plain = text.translate(_PLAIN)
    parts, last = [], 0
    for match in pattern.finditer(plain):
        kept = match.end("kept") if "kept" in pattern.groupindex and match["kept"] is not None else match.start()
        while kept < match.end() and plain[kept] in " :":
            kept += 1
        if not plain[kept : match.end()].replace(MARK, "").strip():
            continue
        parts += [text[last:kept], MARK]
        last = match.end()
        while last > kept and text[last - 1].isspace():
            last -= 1
    return "".join([*parts, text[last:]])


@lru_cache(maxsize=8)
def _known_patterns(known: Known) -> tuple[re.Pattern[str], ...]:
    patterns = []
    words = set()
    for name in known.names:
        plain = name.translate(_PLAIN).strip()
        if len(plain) >= 2:
            words.add(plain)
        words.update(part for part in re.split(r"[\s·]+", plain) if len(part) >= 3)
        if re.fullmatch(rf"[{_HAN}]{{3,4}}", plain):
            words.add(plain[1:])  # called by the given name
    for word in sorted(words, key=len, reverse=True):
        # Latin names as whole words, and with their capital: `Will` is a name, `will` is not.
        bounds = (r"(?<![A-Za-z])", r"(?![A-Za-z])") if word.isascii() else ("", "")
        found = re.escape(word) if not word.isascii() else f"(?:{re.escape(word)}|{re.escape(word.upper())})"
        patterns.append(re.compile(found.join(bounds)))
    for number in sorted({n.translate(_PLAIN).strip() for n in known.numbers}, key=len, reverse=True):
        if len(number) >= 2:
            spaced = r"[ -]?".join(re.escape(sign) for sign in number)
            patterns.append(re.compile(rf"(?<![A-Za-z0-9]){spaced}(?![A-Za-z0-9])", re.IGNORECASE))
    return tuple(patterns)
