package controllers

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/vmss-rollouts/vmss-rollouts/api/v1alpha1"
)

// maxUnpacked bounds what is read, in bytes. A thousand machines take a fiftieth of it.
const maxUnpacked = 4 << 20

// overflow is what a status holds that people need least: what is not for them at all, and the long ends of lists.
type overflow struct {
	Bookkeeping *v1alpha1.Bookkeeping        `json:"bookkeeping,omitempty"`
	InFlight    []v1alpha1.InstanceReference `json:"inFlight,omitempty"` // those of the operation after the first
	Failed      []v1alpha1.FailedInstance    `json:"failed,omitempty"`   // those of failedInstances after the first
	Actions     []v1alpha1.ActionRecord      `json:"actions,omitempty"`  // those before the last
}

// pack compresses what people need least of a status, all but as many entries of each list as are to stay legible. The same names stand in
// many places of it, so it takes a fraction of its room then.
func pack(status *v1alpha1.VMSSRolloutStatus, legible int) {
	packed, err := unpacked(*status.DeepCopy())
	if err != nil {
		return // a long status is better than one that lost something
	}
	rest := overflow{Bookkeeping: packed.Bookkeeping}
	if op := packed.Operation; op != nil {
		op.Instances, rest.InFlight = parted(op.Instances, legible)
	}
	packed.FailedInstances, rest.Failed = parted(packed.FailedInstances, legible)
	rest.Actions, packed.Actions = parted(packed.Actions, len(packed.Actions)-legible)
	if text, err := compressed(rest); err == nil {
		packed.Bookkeeping = &v1alpha1.Bookkeeping{Packed: text}
		*status = packed
	}
}

// unpacked is the status before it was packed. One that cannot be read is an error: a rollout that forgot what it did would do it again.
func unpacked(status v1alpha1.VMSSRolloutStatus) (v1alpha1.VMSSRolloutStatus, error) {
	if status.Bookkeeping == nil || len(status.Bookkeeping.Packed) == 0 {
		return status, nil
	}
	rest, err := decompressed(status.Bookkeeping.Packed)
	if err != nil {
		return v1alpha1.VMSSRolloutStatus{}, fmt.Errorf("reading status.bookkeeping.packed: %w", err)
	}
	full := *status.DeepCopy() // so that appending does not write into the caller's lists
	full.Bookkeeping = rest.Bookkeeping
	if op := full.Operation; op != nil {
		op.Instances = append(op.Instances, rest.InFlight...)
	}
	full.FailedInstances = append(full.FailedInstances, rest.Failed...)
	full.Actions = append(rest.Actions, full.Actions...)
	return full, nil
}

// parted is a list in two parts, the second from the given place on.
func parted[T any](entries []T, at int) (before, after []T) {
	at = min(max(at, 0), len(entries))
	return entries[:at:at], entries[at:]
}

// compressed compresses an overflow.
func compressed(rest overflow) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err == nil {
		err = errors.Join(json.NewEncoder(w).Encode(rest), w.Close())
	}
	return packed.Bytes(), err
}

// decompressed reads what compressed wrote.
func decompressed(packed []byte) (rest overflow, err error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return overflow{}, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if err = errors.Join(err, r.Close()); err != nil {
		return overflow{}, err
	}
	return rest, json.Unmarshal(text, &rest)
}
