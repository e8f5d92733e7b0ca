// A lesson: what its text links to is shown beside it.
const lessonText = document.querySelector("main > article"), seen = byId("seen");
document.title = DATA.lesson.title;
byId("title").textContent = DATA.lesson.title;
byId("facts").textContent = `${DATA.lesson.shows} The links in the text set the epoch and the layers.`;
set(seen, { role: "region", "aria-label": "Runs", tabindex: 0 });
for (const node of lessonText.querySelectorAll("[data-run]")) node.style.borderBottomColor = runColour(runs[DATA.lesson.ids.indexOf(node.dataset.run)]);

// Beside the text the runs scroll by themselves; below it the page does.
const beside = matchMedia("(min-width: 1060px)");
const bring = (link) => {
  const shown = byId(link.dataset.show ?? "left"), node = shown.closest(".card") ?? shown, behavior = calm.matches ? "auto" : "smooth";
  if (beside.matches) seen.scrollTo({ top: seen.scrollTop + node.getBoundingClientRect().top - seen.getBoundingClientRect().top - 8, behavior });
  else node.scrollIntoView({ block: "start", behavior });
};
const links = [...lessonText.querySelectorAll("a[href^='#']")];
const follow = (link) => {
  for (const other of links) set(other, { "aria-current": other === link ? "true" : null });
  // After the address has moved the page, which may show other histograms then.
  setTimeout(() => bring(link), 60);
};
for (const link of links) link.addEventListener("click", () => follow(link));
// Below the text the way back to it stays in sight with the scrubber.
byId("controls").append(button("Back to the text", () => (links.find((link) => link.getAttribute("aria-current")) ?? lessonText).scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" }), { id: "back" }));
// It opens where the text begins.
if (!location.hash.slice(1) && links.length) { location.hash = links[0].getAttribute("href"); set(links[0], { "aria-current": "true" }); }
