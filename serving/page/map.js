// The city: every zone to look at and to click, and the ride upon it.

import { draw, find, wide } from "./dom.js";
import { around, boroughs } from "./shapes.js";
import { View } from "./view.js";

const A_DRAG = 5; // pixels that a finger or mouse may tremble in a click
const BESIDE = { Manhattan: [-300, -60], EWR: [0, 150] }; // names that would hide what they name
const NAMED = { EWR: "Newark" };

export class CityMap {
  #svg = find("city");
  #zones;
  #paths = new Map();
  #view;
  #unit = 1;
  #ends = [null, null];
  #awaited = null;

  /** `choose(zone)` is told which zone was clicked. */
  constructor({ zones, width, height }, choose) {
    this.#zones = new Map(zones.map((zone) => [zone.id, zone]));
    for (const zone of zones) {
      this.#paths.set(zone.id, draw("path", { d: zone.path, "data-zone": zone.id }));
    }
    find("zones").replaceChildren(...this.#paths.values());
    find("labels").replaceChildren(...boroughs(zones).map(label));
    this.#view = new View(this.#svg, { width, height }, (unit) => this.#rescale(unit));
    this.#listen(choose);
  }

  /** Shows a ride; `fit` moves the view to it. */
  show(from, to, { fit = false } = {}) {
    this.#ends = [from, to].map((id) => this.#zones.get(id) ?? null);
    for (const [id, path] of this.#paths) {
      path.classList.toggle("from", id === from);
      path.classList.toggle("to", id === to);
    }
    for (const end of this.#ends) if (end) find("zones").append(this.#paths.get(end.id)); // on top
    this.#drawRide();
    if (fit) this.fit();
  }

  /** Moves the view to the ride, or to the whole city while an end is missing. */
  fit() {
    const [from, to] = this.#ends;
    this.#awaited = this.#svg.clientWidth ? null : () => this.fit(); // closed on a phone
    this.#view.show(from && to ? around([from.box, to.box]) : null);
  }

  #rescale(unit) {
    this.#unit = unit;
    this.#svg.classList.toggle("zoomed", this.#view?.zoomed ?? false);
    for (const name of find("labels").children) name.setAttribute("font-size", 13 * unit);
    this.#drawRide();
    if (this.#awaited) requestAnimationFrame(() => this.#awaited?.());
  }

  #drawRide() {
    const [from, to] = this.#ends;
    const parts = [];
    if (from && to && from !== to) parts.push(draw("path", { class: "way", d: arc(from.middle, to.middle) }));
    if (from) parts.push(this.#pin(from, "start", { r: 6.5 }));
    if (to) parts.push(this.#pin(to, "end", { r: from === to ? 2.5 : 6.5 }));
    find("trip").replaceChildren(...parts);
  }

  #pin({ middle }, kind, { r }) {
    const unit = this.#unit;
    return draw("circle", { class: kind, cx: middle.x, cy: middle.y, r: r * unit });
  }

  #listen(choose) {
    const svg = this.#svg;
    const fingers = new Map();
    let moved = 0;
    svg.addEventListener("pointerdown", (event) => {
      if (!fingers.size) moved = 0;
      fingers.set(event.pointerId, event);
    });
    svg.addEventListener("pointermove", (event) => {
      this.#name(event);
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      moved += Math.hypot(dx, dy);
      const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
      fingers.set(event.pointerId, event);
      if (moved < A_DRAG) return;
      svg.setPointerCapture(event.pointerId);
      if (other) this.#pinch(before, event, other);
      else if (event.pointerType === "mouse" || this.#view.zoomed) this.#view.pan(dx, dy);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      svg.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    svg.addEventListener("pointerleave", (event) => {
      this.#name(null);
      if (!svg.hasPointerCapture(event.pointerId)) fingers.delete(event.pointerId);
    });
    svg.addEventListener("click", (event) => {
      const zone = this.#at(event);
      if (zone && moved < A_DRAG) choose(zone);
    });
    svg.addEventListener(
      "wheel",
      (event) => {
        if (!wide.matches && !event.ctrlKey) return; // scrolls the page; a pinch comes with Ctrl
        event.preventDefault();
        this.#view.zoom(Math.exp(event.deltaY * 0.0016), event.clientX, event.clientY);
      },
      { passive: false },
    );
    find("closer").addEventListener("click", () => this.#view.zoom(1 / 1.6));
    find("farther").addEventListener("click", () => this.#view.zoom(1.6));
    find("whole").addEventListener("click", () => this.#view.show());
  }

  #pinch(before, now, other) {
    const apart = (finger) =>
      Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
    const [x, y] = [(now.clientX + other.clientX) / 2, (now.clientY + other.clientY) / 2];
    this.#view.zoom(apart(before) / apart(now), x, y);
  }

  #at(event) {
    return this.#zones.get(Number(event.target.dataset?.zone));
  }

  #name(event) {
    const zone = event && this.#at(event);
    find("under").textContent = zone ? `${zone.label}, ${zone.borough}` : "";
  }
}

function label({ name, x, y }) {
  const [dx, dy] = BESIDE[name] ?? [0, 0];
  return draw("text", { x: x + dx, y: y + dy }, NAMED[name] ?? name);
}

/** A gently bent line, as no cab goes straight. */
function arc(a, b) {
  const [x, y] = [(a.x + b.x) / 2 + (b.y - a.y) * 0.14, (a.y + b.y) / 2 - (b.x - a.x) * 0.14];
  return `M${a.x} ${a.y}Q${x} ${y} ${b.x} ${b.y}`;
}
