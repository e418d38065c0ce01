// What the search shows of a page is cut out of its source: formulas are shown by their signs.
const SIGNS = {sqrt: "√", sum: "Σ", langle: "⟨", rangle: "⟩", le: "≤", ge: "≥", ne: "≠", times: "×", to: "→", dots: "…",
  kappa: "κ", theta: "θ", sigma: "σ", rho: "ρ", pi: "π", alpha: "α", cdot: "·", in: "∈", varphi: "φ", Delta: "Δ",
  frac: "", mathbf: "", mathrm: "", hat: "", left: "", right: ""};

function readable(text) {
  return text.replace(/\\([A-Za-z]+) ?/g, (_, name) => SIGNS[name] ?? name + " ")
    .replace(/\\[()[\],;!]/g, "").replace(/([_^])\{([^{}]*)\}/g, "$1$2").replace(/[{}\\$]/g, "");
}

function tidy(list) {
  const walker = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = readable(walker.currentNode.data);
    if (text !== walker.currentNode.data) walker.currentNode.data = text;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const results = document.querySelector("#search-results");
  if (results) new MutationObserver(() => tidy(results)).observe(results, {childList: true, subtree: true});
});
