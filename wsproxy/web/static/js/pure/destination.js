// Where somebody wants to go: a frame by its number, or a time of day.

/**
 * @param {string} text `1234`, `12:34` or `12:34:56.7`
 * @param {number} near seconds since the epoch; a time of day means the one that is closest to it
 * @returns {{frame: number} | {time: number} | null} null where it is neither
 */
export function destination(text, near) {
  const number = text.trim().replaceAll(',', '');
  if (/^\d+$/.test(number)) return { frame: Number(number) };
  const found = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?$/.exec(text.trim());
  if (!found) return null;
  const [hours, minutes, seconds] = found.slice(1).map((each) => Number(each ?? 0));
  if (hours === undefined || minutes === undefined || seconds === undefined) return null;
  if (hours > 23 || minutes > 59 || seconds >= 60) return null;
  const days = [-1, 0, 1].map((step) => {
    const day = new Date(near * 1000);
    day.setHours(24 * step + hours, minutes, 0, 0);
    return day.getTime() / 1000 + seconds;
  });
  const [time] = days.sort((a, b) => Math.abs(a - near) - Math.abs(b - near));
  return time === undefined ? null : { time };
}
