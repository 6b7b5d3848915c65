// What part of the city an SVG shows: zooming, panning, and gliding there.

const CLOSEST = 16; // times nearer than the whole city
const GLIDE_MS = 380;
const EDGE = 0.04; // of the city, left free around it

export class View {
  #svg;
  #city;
  #box = null; // {x, y, w, h} in SVG units
  #glide = 0;
  #moved;

  /** `moved(units)` is told how many SVG units a pixel now is. */
  constructor(svg, city, moved) {
    this.#svg = svg;
    this.#city = city;
    this.#moved = moved;
    new ResizeObserver(() => this.#resized()).observe(svg);
  }

  get zoomed() {
    return this.#box !== null && this.#box.w < this.#whole().w * 0.98;
  }

  /** Shows everything, or a box with some room around it. */
  show(target = null) {
    if (!this.#svg.clientWidth) return;
    this.#glideTo(target === null ? this.#whole() : this.#frame(target));
  }

  /** Zooms by a factor (below 1: nearer) about a point of the window, or the middle. */
  zoom(factor, clientX = null, clientY = null) {
    const { x, y, w, h } = this.#box;
    const size = this.#svg.getBoundingClientRect();
    const fx = clientX === null ? 0.5 : (clientX - size.left) / size.width;
    const fy = clientY === null ? 0.5 : (clientY - size.top) / size.height;
    const most = this.#whole().w;
    const wide = Math.min(most, Math.max(most / CLOSEST, w * factor));
    const high = (wide * h) / w;
    this.#set({ x: x + (w - wide) * fx, y: y + (h - high) * fy, w: wide, h: high });
  }

  /** Moves by pixels. */
  pan(dx, dy) {
    const { x, y, w, h } = this.#box;
    const unit = w / this.#svg.clientWidth;
    this.#set({ x: x - dx * unit, y: y - dy * unit, w, h });
  }

  #whole() {
    const { width, height } = this.#city;
    const margin = EDGE * Math.max(width, height);
    return this.#fitted({ left: -margin, top: -margin, right: width + margin, bottom: height + margin });
  }

  #frame({ left, right, top, bottom }) {
    const least = this.#city.width / 4;
    const room = Math.max(right - left, bottom - top, least) * 0.3;
    const box = { left: left - room, right: right + room, top: top - room, bottom: bottom + room };
    const fitted = this.#fitted(box);
    return fitted.w > this.#whole().w ? this.#whole() : fitted;
  }

  /** The smallest view of the window's shape that holds a box. */
  #fitted({ left, right, top, bottom }) {
    const shape = this.#svg.clientHeight / this.#svg.clientWidth;
    const w = Math.max(right - left, (bottom - top) / shape);
    const h = w * shape;
    return { x: (left + right - w) / 2, y: (top + bottom - h) / 2, w, h };
  }

  #glideTo(target) {
    cancelAnimationFrame(this.#glide);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.#box === null || still) return this.#apply(target);
    const [from, start] = [this.#box, performance.now()];
    const step = (now) => {
      const t = Math.min(1, Math.max(0, (now - start) / GLIDE_MS));
      const eased = t * t * (3 - 2 * t);
      const between = (key) => from[key] + (target[key] - from[key]) * eased;
      this.#apply({ x: between("x"), y: between("y"), w: between("w"), h: between("h") });
      if (t < 1) this.#glide = requestAnimationFrame(step);
    };
    this.#glide = requestAnimationFrame(step);
  }

  /** Goes there at once, but never loses the city. */
  #set(box) {
    cancelAnimationFrame(this.#glide);
    const whole = this.#whole();
    const within = (at, size, from, all) => Math.min(Math.max(at, from), from + all - size);
    box.x = within(box.x, box.w, whole.x, whole.w);
    box.y = within(box.y, box.h, whole.y, whole.h);
    this.#apply(box);
  }

  #apply(box) {
    this.#box = box;
    this.#svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.w} ${box.h}`);
    this.#moved(box.w / this.#svg.clientWidth);
  }

  #resized() {
    if (!this.#svg.clientWidth) return;
    if (this.#box === null) return this.#apply(this.#whole());
    const { x, y, w, h } = this.#box;
    const half = w / 2;
    const middle = { left: x + w / 2 - half, right: x + w / 2 + half, top: y + h / 2, bottom: y + h / 2 };
    const fitted = this.#fitted(middle);
    this.#set(fitted.w > this.#whole().w ? this.#whole() : fitted);
  }
}
