// An amount only where the remedy has one.
const kind = document.getElementById("kind");
const amount = document.getElementById("amount");

function fit() {
  amount.disabled = !kind.dataset.amounts.split(" ").includes(kind.value);
}

kind?.addEventListener("change", fit);
if (kind) fit();
