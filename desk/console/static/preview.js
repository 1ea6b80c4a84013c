// Shows how a form's text reads while it is being written: the same page as its preview button gives, fetched quietly.
const form = document.querySelector("form[data-preview]");
let waiting = 0;
let turn = 0;

async function look() {
  const mine = ++turn;
  const fields = new URLSearchParams(new FormData(form));
  fields.set("preview", "yes");
  try {
    const response = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin" });
    if (!response.ok || mine !== turn) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("preview");
    if (fresh) document.getElementById("preview").replaceWith(document.importNode(fresh, true));
  } catch {
    // The button still works.
  }
}

form?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 500);
});
