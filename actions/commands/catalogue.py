"""Which command answers which Rasa action; and what goes before every one of them."""

from actions.cases import focus_case
from actions.commands import complaint, following, readings, replies, small_talk, survey, unanswered, wishes
from actions.commands.hand_over import hand_over, reason_to_hand_over
from actions.turns import Command, OpenTurn
from recovery.case_states import UNSETTLED

COMMANDS: dict[str, Command] = {
    "action_hear_complaint": complaint.hear_complaint,
    "action_record_fact": complaint.record_fact,
    "action_affirm": replies.affirm,
    "action_deny": replies.deny,
    "action_accept_offer": replies.accept_offer,
    "action_record_wish": wishes.record_wish,
    "action_case_status": small_talk.case_status,
    "action_request_person": small_talk.request_person,
    "action_record_rating": survey.record_rating,
    "action_withdraw": replies.withdraw,
    "action_greet": small_talk.greet,
    "action_say_goodbye": small_talk.say_goodbye,
    "action_answer_thanks": small_talk.answer_thanks,
    "action_answer_praise": small_talk.answer_praise,
    "action_answer_question": small_talk.answer_question,
    "action_introduce": small_talk.introduce,
    "action_answer_chitchat": small_talk.answer_chitchat,
    "action_ignore_spam": small_talk.ignore_spam,
    "action_answer_abuse": small_talk.answer_abuse,
    "action_catch_all": small_talk.catch_all,
}
# These leave it open which reading was meant, where that was asked: the message before stays unclear.
_LEAVE_READING_OPEN = ("action_affirm", "action_deny", "action_accept_offer")


def command_for(action: str) -> Command:
    """The command of a Rasa action, behind the check that holds for all: is a person due at once?

    Raises:
        KeyError: there is no such action.
    """
    command = COMMANDS[action]

    def answer(turn: OpenTurn) -> None:
        meant = readings.take_reading(turn) if action in ("action_accept_offer", "action_catch_all") else None
        if meant is not None:
            command_for(meant)(turn)
            return
        asked_which = turn.awaited is not None and turn.awaited["kind"] == "reading"
        if action != "action_catch_all" and not (asked_which and action in _LEAVE_READING_OPEN):
            turn.conversation.unclear_turns = 0
        case = focus_case(turn.work, turn.conversation)
        reason = reason_to_hand_over(turn, None)
        if reason is not None and command is not complaint.hear_complaint and command is not small_talk.request_person:
            if turn.understanding.categories:
                # A danger told in passing is a complaint all the same: it gets its case first.
                complaint.hear_complaint(turn)
            else:
                hand_over(turn, case if case is not None and case.state in UNSETTLED else None, reason)
            return
        if reason is None and (following.follow(turn) or survey.answer_survey(turn, action)):
            return
        if unanswered.go_on_after_silence(turn, action) or unanswered.go_on_after_withdrawal(turn):
            return
        if command is small_talk.catch_all and turn.understanding.facts.choice is not None:
            # However odd the rest is, a choice was meant.
            replies.accept_offer(turn)
            return
        if wishes.answers_wish(turn, action) or wishes.wishes_more(turn, action):
            return
        command(turn)

    return answer
