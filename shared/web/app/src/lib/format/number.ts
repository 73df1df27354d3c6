// Numbers with their digits in groups: 1,284.

const format = new Intl.NumberFormat('en');

export function grouped(number: number): string {
  return format.format(number);
}
