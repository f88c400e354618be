// A finger that stays on an element. Android tells of it by "contextmenu", and iOS not at all, so a timer measures it.

const LONG_MS = 500; // as in the galleries of phones
const SLIP = 10; // pixels: a finger never rests

/** Calls `act(target)` once for each long press. The click that follows is suppressed. */
export function onLongPress(element, act) {
  let press = null;
  let isClickSuppressed = false;

  const cancel = () => {
    clearTimeout(press?.timer);
    press = null;
  };
  const finish = () => {
    const { target } = press;
    cancel();
    isClickSuppressed = true;
    act(target);
  };
  element.addEventListener("pointerdown", (event) => {
    cancel();
    isClickSuppressed = false;
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    press = { target: event.target, x: event.clientX, y: event.clientY, timer: setTimeout(finish, LONG_MS) };
  });
  element.addEventListener("pointermove", (event) => {
    if (press && Math.hypot(event.clientX - press.x, event.clientY - press.y) > SLIP) cancel();
  });
  for (const type of ["pointerup", "pointercancel", "scroll"]) addEventListener(type, cancel, { passive: true });
  element.addEventListener("contextmenu", (event) => {
    if (event.pointerType !== "touch") return;
    event.preventDefault();
    if (press) finish();
  });
  element.addEventListener("click", (event) => {
    if (!isClickSuppressed) return;
    isClickSuppressed = false;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
}
