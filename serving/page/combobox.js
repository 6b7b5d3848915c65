// A search field with suggestions: the ARIA 1.2 combobox with a listbox.

import { find, make } from "./dom.js";

export class Combobox {
  #input;
  #list;
  #search;
  #choose;
  #chosen = null;
  #options = [];
  #active = -1;

  /** `search(text)` gives zones, `choose(zone | null)` is told what the person decided. */
  constructor(id, { search, choose }) {
    this.#input = find(id);
    this.#list = find(`${id}-list`);
    this.#search = search;
    this.#choose = choose;
    this.#input.addEventListener("input", () => this.#open(true));
    this.#input.addEventListener("focus", () => this.#input.select());
    this.#input.addEventListener("click", () => this.#open(false));
    this.#input.addEventListener("blur", () => this.#leave());
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus
    this.#list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#take(Number(option.dataset.index));
    });
  }

  get isOpen() {
    return !this.#list.hidden;
  }

  /** Shows a zone without telling anybody. */
  show(zone) {
    this.#chosen = zone;
    this.#input.value = zone?.label ?? "";
    this.#close();
  }

  #open(typed) {
    const text = this.#input.value;
    const unchanged = !typed && text === this.#chosen?.label;
    this.#options = this.#search(unchanged ? "" : text);
    this.#list.replaceChildren(...this.#rows());
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
    const current = this.#options.findIndex((zone) => zone.id === this.#chosen?.id);
    this.#point(typed && text.trim() && this.#options.length ? 0 : current);
    if (!this.#options.length) this.#tell(this.#list.firstChild); // heard, but no choice
  }

  #rows() {
    if (!this.#options.length) {
      const id = `${this.#list.id}-none`;
      const none = { id, role: "option", "aria-disabled": "true", "aria-selected": "false" };
      return [make("li", none, "No zone of that name")];
    }
    return this.#options.map((zone, index) =>
      make(
        "li",
        {
          id: `${this.#list.id}-${zone.id}`,
          role: "option",
          "aria-selected": "false",
          "data-index": index,
        },
        make("span", {}, zone.name),
        " ",
        make("small", {}, zone.shared ? `${zone.borough}, zone ${zone.id}` : zone.borough),
      ),
    );
  }

  #point(index) {
    this.#active = index;
    const option = index < 0 ? null : this.#list.children[index];
    for (const row of this.#list.children) row.setAttribute("aria-selected", row === option);
    if (option) this.#tell(option);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #tell(row) {
    this.#input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault(); // the form has nothing to send
      if (this.isOpen && this.#active >= 0) this.#take(this.#active);
    } else if (event.key === "Escape") {
      if (this.isOpen) this.show(this.#chosen);
      else this.#clear();
    }
  }

  #move(step) {
    if (!this.isOpen) return this.#open(false);
    const count = this.#options.length;
    if (count) this.#point(this.#active < 0 && step < 0 ? count - 1 : (this.#active + step + count) % count);
  }

  #take(index) {
    const zone = this.#options[index];
    if (!zone) return;
    this.show(zone);
    this.#choose(zone);
  }

  #clear() {
    if (this.#input.value === "" && this.#chosen === null) return;
    this.show(null);
    this.#choose(null);
  }

  #leave() {
    const text = this.#input.value.trim();
    if (text === "") return this.#clear();
    if (text === this.#chosen?.label) return this.#close();
    const only = this.#meant(text);
    if (!only) return this.show(this.#chosen); // half-typed text is no choice
    this.show(only);
    this.#choose(only);
  }

  /** The zone that a text can only mean: it bears that name, or is the one suggestion. */
  #meant(text) {
    const named = this.#options.find(({ label }) => label.toLowerCase() === text.toLowerCase());
    return named ?? (this.#options.length === 1 ? this.#options[0] : null);
  }

  #close() {
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#active = -1;
    this.#input.setAttribute("aria-expanded", "false");
    this.#input.removeAttribute("aria-activedescendant");
  }
}
