// Menus below a button (`details.menu`), which work without this: Escape and a click elsewhere close them.

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest("details.menu[open]");
  if (!menu) return;
  event.stopPropagation(); // it clears no selection
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("pointerdown", ({ target }) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
});
