// Making elements: text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Whether the map stands beside the fields, and stays when they scroll. */
export const wide = matchMedia("(min-width: 900px)");

export const find = (id) => document.getElementById(id);

/** An HTML element with attributes and children (elements or texts). */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element alike. */
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
