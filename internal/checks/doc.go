// Package checks says whether a release is good, where health only says that an instance is alive.
//
// A check is a Probe, which measures one subject once, and a Rule, by which a run of measurements becomes a verdict. Probes do input
// and output and know no history; rules are pure and do neither. A Runner measures many runs beside the reconcile path, a few at a
// time, and its States are read without waiting. Two rules hold everywhere: what could not be measured is an error or no data, never a
// pass and never a failure; and nothing of what an endpoint answered is reported but its status, numbers, and what was opted into.
package checks
