// The switch for being on duty, without leaving the page: whatever is being typed stays where it is.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.id !== "presence" || !event.submitter) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
      credentials: "same-origin",
    });
    if (!response.ok) throw new Error(String(response.status));
    const page = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await page.text(), "text/html");
    if (!fresh.getElementById("presence")) throw new Error("signed out");
    // The switch, and on the queue what being off duty means.
    for (const id of ["presence", "off-duty"]) {
      const then = fresh.getElementById(id);
      if (then) document.getElementById(id)?.replaceWith(document.importNode(then, true));
    }
    document.getElementById("presence-switch").focus();
  } catch {
    // The plain way leads to whatever is wrong: logged out, no connection.
    const field = document.createElement("input");
    [field.type, field.name, field.value] = ["hidden", event.submitter.name, event.submitter.value];
    form.append(field);
    form.submit();
  }
});
