/** Numbers as C prints them. */

/** `%.2f`: a tie goes to the even digit, where toFixed goes up. */
export function twoDecimals(value: number): string {
  const eighths = (value * 8) % 8;
  return (eighths === 1 || eighths === 5 ? value - 0.005 : value).toFixed(2);
}

/** `%05.2f%%` of a share. */
export function percentage(part: number, whole: number): string {
  return `${twoDecimals((100 * part) / whole).padStart(5, '0')}%`;
}

/** 512B, 1.50K, 2.00M, 3.25G. */
export function humanBytes(bytes: number): string {
  const KIB = 1024;
  const units: readonly [string, number][] = [
    ['K', KIB],
    ['M', KIB ** 2],
    ['G', KIB ** 3],
  ];
  const unit = units.findLast(([, size]) => bytes >= size);
  return unit === undefined ? `${bytes}B` : `${twoDecimals(bytes / unit[1])}${unit[0]}`;
}
