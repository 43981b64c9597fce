/**
 * The timestamp of a log line: `dd Mon yyyy HH:MM:SS.mmm`.
 *
 * Plain arithmetic on the proleptic Gregorian calendar: local time comes in as an offset, from the platform.
 */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_PER_ERA = 146_097;
const DAYS_FROM_MARCH_0000_TO_1970 = 719_468;

/**
 * @param epochMs wall-clock time since the Unix epoch
 * @param utcOffsetMs local time minus UTC
 */
export function formatTimestamp(epochMs: number, utcOffsetMs: number): string {
  const localMs = Math.floor(epochMs + utcOffsetMs);
  const days = Math.floor(localMs / DAY_MS);
  const msOfDay = localMs - days * DAY_MS;
  const hours = Math.floor(msOfDay / 3_600_000);
  const minutes = Math.floor(msOfDay / 60_000) % 60;
  const seconds = Math.floor(msOfDay / 1000) % 60;
  const time = `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds)}`;
  return `${formatDate(days)} ${time}.${String(msOfDay % 1000).padStart(3, '0')}`;
}

/** The civil date of a day number, with years that begin in March: the leap day is then the last of a year. */
function formatDate(daysSince1970: number): string {
  const days = daysSince1970 + DAYS_FROM_MARCH_0000_TO_1970;
  const era = Math.floor(days / DAYS_PER_ERA);
  const dayOfEra = days - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / (DAYS_PER_ERA - 1))) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = (monthFromMarch + 2) % 12;
  const year = yearOfEra + era * 400 + (month < 2 ? 1 : 0);
  return `${twoDigits(day)} ${MONTHS[month]} ${year}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
