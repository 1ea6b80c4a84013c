"""Who serves a customer at WeCom, and what may follow (微信客服, 分配客服会话)."""

NEW, ASSISTANT, WAITING, PERSON, ENDED = range(5)
MAY_BECOME = {
    NEW: {NEW, ASSISTANT, WAITING, PERSON, ENDED},
    ASSISTANT: {ASSISTANT, WAITING, PERSON, ENDED},
    WAITING: {PERSON, ENDED},
    PERSON: {WAITING, PERSON, ENDED},
    ENDED: set(),
}
