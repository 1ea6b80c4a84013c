"""The routes of one's own account and of the settings pages for users, tokens and the audit log."""

from aiohttp import web

from desk.console import account_pages, audit_pages, settings, tokens, users

ROUTES = [
    web.get("/desk/account", account_pages.account_page),
    web.post("/desk/account/sessions/end-others", account_pages.post_revoke_others),
    web.post("/desk/account/sessions/{public_id}/end", account_pages.post_revoke),
    web.get("/desk/account/second-factor", account_pages.second_factor_page),
    web.post("/desk/account/second-factor/begin", account_pages.post_begin),
    web.post("/desk/account/second-factor/confirm", account_pages.post_confirm),
    web.post("/desk/account/second-factor/remove", account_pages.post_remove),
    web.post("/desk/account/second-factor/recovery-codes", account_pages.post_recovery_codes),
    web.get("/desk/settings/", settings.settings_page),
    web.get("/desk/settings/users", users.users_page),
    web.get("/desk/settings/new-user", users.new_user_page),
    web.post("/desk/settings/new-user", users.post_new_user),
    web.get("/desk/settings/users/{login}", users.user_page),
    web.post("/desk/settings/users/{login}", users.post_user),
    web.post("/desk/settings/users/{login}/password", users.post_password),
    web.post("/desk/settings/users/{login}/second-factor", users.post_second_factor),
    web.post("/desk/settings/users/{login}/sessions", users.post_sessions),
    web.post("/desk/settings/users/{login}/deactivate", users.post_deactivate),
    web.post("/desk/settings/users/{login}/reactivate", users.post_reactivate),
    web.get("/desk/settings/tokens", tokens.tokens_page),
    web.post("/desk/settings/tokens", tokens.post_token),
    web.post("/desk/settings/tokens/{public_id}/revoke", tokens.post_revoke),
    web.get("/desk/settings/audit", audit_pages.audit_page),
    web.get("/desk/settings/audit.csv", audit_pages.audit_csv),
]
