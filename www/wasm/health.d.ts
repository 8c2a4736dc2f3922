// The boundary with the rules of health, as the worker uses it.

import type { Finding } from '../types'

/** A checkpoint under examination: what is known of it grows with each study. */
export class Examination {
  /** Of what the core's `Opened.patient` tells. */
  constructor(patient: Uint8Array)
  /** Takes in what `Opened.vitals` tells. */
  take(vitals: Uint8Array): void
  findings(): Finding[]
  /** The same for the report. */
  json(): string
  free(): void
}

/** All rules, in the order of their findings. */
export function rules(): { id: string, sure: Finding['sure'] }[]

export default function init(options: { module_or_path: URL }): Promise<unknown>
