// Package checks judges whether a release is good, where health only reports that an instance is alive.
//
// A check is a Probe, which measures one subject once, and a Rule, by which a run of measurements becomes a verdict. Probes do input and
// output and know no history; rules are pure and do neither. A Runner measures many runs beside the reconcile path, a few at a time, and
// its States are read without waiting. Two rules hold everywhere. A measurement that could not be made is an error or no data, never a pass
// and never a failure. Of an endpoint's answer only the status, numbers, and texts that were opted into are reported.
package checks
