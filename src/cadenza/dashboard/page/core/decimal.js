// Exact decimals. Prices, quantities and amounts come as plain decimal texts and are compared,
// added and multiplied as integers of a power of ten: never as floats.

const PLAIN = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?$/;

/**
 * A decimal of a text in plain notation, or null if the text is none.
 * @param {unknown} text
 * @returns {{units: bigint, scale: number} | null} units / 10^scale
 */
export function parse(text) {
  const found = typeof text === 'string' ? PLAIN.exec(text) : null;
  if (found === null) return null;
  const fraction = found[3] ?? '';
  const units = BigInt(found[2] + fraction);
  return { units: found[1] === '' ? units : -units, scale: fraction.length };
}

/** The decimal of a text that must be one. Throws TypeError. */
export function decimal(text) {
  const value = parse(text);
  if (value === null) throw new TypeError(`${JSON.stringify(text)} is no plain decimal`);
  return value;
}

export const ZERO = { units: 0n, scale: 0 };

/** The units of a value at another scale, which must not be smaller than its own. */
export function unitsAt(value, scale) {
  return scale === value.scale ? value.units : value.units * 10n ** BigInt(scale - value.scale);
}

function aligned(left, right) {
  const scale = Math.max(left.scale, right.scale);
  return [unitsAt(left, scale), unitsAt(right, scale), scale];
}

/** Below zero, zero or above zero, as left is below, equal to or above right. */
export function compare(left, right) {
  const [one, other] = aligned(left, right);
  return one < other ? -1 : Number(one > other);
}

export function add(left, right) {
  const [one, other, scale] = aligned(left, right);
  return { units: one + other, scale };
}

export function subtract(left, right) {
  const [one, other, scale] = aligned(left, right);
  return { units: one - other, scale };
}

export function multiply(left, right) {
  return { units: left.units * right.units, scale: left.scale + right.scale };
}

/** How many whole steps fit into a value that is not negative. */
export function wholeSteps(value, step) {
  const [one, other] = aligned(value, step);
  return one / other;
}

export function isMultiple(value, step) {
  const [one, other] = aligned(value, step);
  return one % other === 0n;
}

/** A number of steps as a value. */
export function times(step, count) {
  return { units: step.units * BigInt(count), scale: step.scale };
}

/** The multiple of step that is nearest to a value, halves up. */
export function nearest(value, step) {
  const [one, other] = aligned(value, step);
  return times(step, (2n * one + other) / (2n * other));
}

/** As many or fewer decimals, cut off towards zero. */
export function cut(value, scale) {
  if (value.scale <= scale) return value;
  return { units: value.units / 10n ** BigInt(value.scale - scale), scale };
}

/**
 * The text of a value.
 * @param {{units: bigint, scale: number}} value
 * @param {number} [scale] exactly so many decimals, cut off towards zero; else as many as it has
 */
export function format(value, scale = value.scale) {
  const shown = cut(value, scale);
  const negative = shown.units < 0n;
  const digits = String(negative ? -shown.units : shown.units).padStart(shown.scale + 1, '0');
  const whole = digits.slice(0, digits.length - shown.scale);
  const fraction = digits.slice(digits.length - shown.scale).padEnd(scale, '0');
  return (negative ? '-' : '') + whole + (fraction === '' ? '' : `.${fraction}`);
}

/** A text without zeros that say nothing: "1.500" becomes "1.5"; what is no text becomes ''. */
export function trim(text) {
  if (typeof text !== 'string') return '';
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A text with its thousands apart, for reading: "1234567.5" becomes "1,234,567.5". */
export function grouped(text) {
  const [whole, fraction] = text.split('.');
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? apart : `${apart}.${fraction}`;
}

/** A float, for drawing and for nothing else. */
export function toNumber(value) {
  return Number(format(value));
}
