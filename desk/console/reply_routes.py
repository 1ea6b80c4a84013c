"""The routes of files, granting, canned replies, macros and the firm's pages."""

from aiohttp import web

from desk.console import attachments, canned_replies, firm_pages, granting, macros

ROUTES = [
    web.get("/desk/attachments/{public_id}", attachments.get_attachment),
    web.post("/desk/conversations/{public_id}/files", attachments.post_files),
    web.post("/desk/conversations/{public_id}/grant", granting.grant),
    web.post("/desk/offers/{public_id}/change", granting.change),
    web.get("/desk/conversations/{public_id}/macros/{macro}", macros.plan_page),
    web.post("/desk/conversations/{public_id}/macros/{macro}", macros.post_run),
    web.get("/desk/settings/macros", macros.macros_page),
    web.get("/desk/settings/macros/new", macros.new_macro_page),
    web.post("/desk/settings/macros/new", macros.post_new_macro),
    web.get("/desk/settings/macros/{public_id}", macros.macro_page),
    web.post("/desk/settings/macros/{public_id}", macros.post_macro),
    web.post("/desk/settings/macros/{public_id}/active", macros.post_active),
    web.get("/desk/settings/firm/{page}", firm_pages.firm_page),
    web.get("/desk/settings/replies", canned_replies.replies_page),
    web.get("/desk/settings/replies/new", canned_replies.new_reply_page),
    web.post("/desk/settings/replies/new", canned_replies.post_new_reply),
    web.get("/desk/settings/replies/{public_id}", canned_replies.reply_page),
    web.post("/desk/settings/replies/{public_id}", canned_replies.post_reply),
    web.post("/desk/settings/replies/{public_id}/active", canned_replies.post_active),
]
