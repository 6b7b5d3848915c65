// Zones as the service draws them (GeoJSON, State Plane miles, y north) made fit for an SVG.

const UNITS = 100; // SVG units a mile: browsers draw text badly in units much larger than a pixel

/**
 * Zones to draw and to search, and the size of the city.
 *
 * Each zone has `id`, `name`, `borough`, `shared` (whether others bear its name), `label`,
 * `path`, `box` and `middle`, in SVG units from the city's north-west corner.
 */
export function readZones(collection) {
  const all = collection.features.map(({ properties, geometry }) => ({
    id: properties.zone,
    name: properties.name,
    borough: properties.borough,
    polygons: geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates,
  }));
  const corners = boxOf(all.flatMap((zone) => zone.polygons.map(([outline]) => outline)));
  const place = ([x, y]) => [(x - corners.left) * UNITS, (corners.bottom - y) * UNITS];
  const count = new Map();
  for (const { name } of all) count.set(name, (count.get(name) ?? 0) + 1);
  const zones = all.map(({ polygons, ...zone }) => {
    const placed = polygons.map((rings) => rings.map((ring) => ring.map(place)));
    const outlines = placed.map(([outline]) => outline);
    const shared = count.get(zone.name) > 1;
    const label = shared ? `${zone.name} (${zone.id})` : zone.name;
    return { ...zone, shared, label, path: pathOf(placed), box: boxOf(outlines), middle: middleOf(outlines) };
  });
  const [width, height] = place([corners.right, corners.top]);
  return { zones, width, height };
}

/** The box that holds all boxes. */
export function around(boxes) {
  return {
    left: Math.min(...boxes.map((box) => box.left)),
    right: Math.max(...boxes.map((box) => box.right)),
    top: Math.min(...boxes.map((box) => box.top)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
}

/** Where each borough's name stands: the mean of its zones' middles, by area. */
export function boroughs(zones) {
  const sums = new Map();
  for (const { borough, middle } of zones) {
    const [x, y, area] = sums.get(borough) ?? [0, 0, 0];
    sums.set(borough, [x + middle.x * middle.area, y + middle.y * middle.area, area + middle.area]);
  }
  return [...sums].map(([name, [x, y, area]]) => ({ name, x: x / area, y: y / area }));
}

// y grows upward before it is placed and downward after: "bottom" is the largest y in both
function boxOf(rings) {
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const ring of rings) {
    for (const [x, y] of ring) {
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  return box;
}

function pathOf(polygons) {
  const line = (ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
  return polygons.flatMap((rings) => rings.map(line)).join("");
}

/** The centroid of the largest outline. */
function middleOf(outlines) {
  return outlines.map(centroid).reduce((a, b) => (b.area > a.area ? b : a));
}

function centroid(ring) {
  const [x0, y0] = ring[0];
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i++) {
    const [ax, ay] = [ring[i - 1][0] - x0, ring[i - 1][1] - y0];
    const [bx, by] = [ring[i][0] - x0, ring[i][1] - y0];
    const cross = ax * by - bx * ay;
    twice += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (twice === 0) return { x: x0, y: y0, area: 0 };
  return { x: x0 + x / (3 * twice), y: y0 + y / (3 * twice), area: Math.abs(twice) / 2 };
}
