// The two days of the filter. A day that is typed counts when the field is left, or when Enter is pressed: until then a
// browser reports each key as a whole day, in the year 0002 or 0020. A day from the calendar counts at once. A day that
// cannot be used is not used, the reason is beside the fields, and the focus stays where it is.

const LEAST_YEAR = 1000; // a smaller one was not typed to its end
const EDITING = new Set(["Backspace", "Delete", "ArrowUp", "ArrowDown"]);

export class DayFields {
  /** `onChange()` is called when a day may count. */
  constructor(group, onChange) {
    this.fields = [...group.querySelectorAll("input")];
    this.said = group.querySelector(".said");
    this.isTyped = false;
    group.addEventListener("keydown", (event) => { this.isTyped = event.key !== "Enter" && (this.isTyped || isEditing(event)); });
    group.addEventListener("pointerdown", () => { this.isTyped = false; }); // the calendar may open now
    group.addEventListener("input", (event) => {
      event.stopPropagation();
      if (!this.isTyped) onChange();
    });
    group.addEventListener("focusout", () => {
      this.isTyped = false;
      onChange();
    });
  }

  /** Takes the days that cannot be used out of the query, and says why. */
  check(query) {
    const [from, to] = this.fields;
    const isSwapped = this.fields.every((field) => field.value && isWhole(field)) && from.value > to.value;
    const wrong = isSwapped ? [from, to] : this.fields.filter((field) => !isWhole(field));
    for (const field of this.fields) {
      const isWrong = wrong.includes(field);
      if (isWrong) query.delete(field.name);
      if (isWrong) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    this.say(isSwapped ? "From is after To, so neither is used." : wrong.map(sayWrong).join(" "));
  }

  say(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
  }
}

function isEditing({ key, altKey }) {
  return !altKey && (EDITING.has(key) || (key.length === 1 && key !== " ")); // space and Alt with an arrow open the calendar
}

function isWhole(field) {
  return !field.validity.badInput && (!field.value || Number(field.value.split("-")[0]) >= LEAST_YEAR);
}

function sayWrong(field) {
  const name = field.name === "from" ? "From" : "To";
  return field.validity.badInput ? `${name} is not a whole day, so it is not used.` : `The year of ${name} has too few digits, so it is not used.`;
}
