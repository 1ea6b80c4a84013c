// Pictures at full size over the page; without this script the link opens them in a tab of their own.
const dialog = document.createElement("dialog");
dialog.className = "viewer";
const picture = document.createElement("img");
const close = document.createElement("button");
const save = document.createElement("a");
const ends = document.createElement("p");
const words = document.getElementById("viewer-words");
close.type = "button";
close.textContent = words?.dataset.close ?? "×";
save.className = "button";
save.textContent = words?.dataset.save ?? "↓";
ends.append(save, close);
dialog.append(picture, ends);
document.body.append(dialog);

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a.thumb");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  picture.src = link.href;
  picture.alt = link.dataset.name;
  save.href = link.getAttribute("href") + "?save";
  save.download = link.dataset.name;
  dialog.showModal();
});
close.addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => picture.removeAttribute("src"));
