package vmss

// What moves ETags, as recorded of Uniform sets (docs/azure.md §8). A Flexible set's ETag moves by writes of the set alone, and by each of
// them; a write of a Uniform set that changes nothing does not move it.

// wrote moves a scale set's ETag after a write.
func (set *ScaleSet) wrote(differs bool) {
	if differs || set.IsFlexible() {
		set.Etag++
	}
}

// MoveEtag moves a scale set's ETag by an operation that upgrades instances, at its beginning and at its end. How many instances the
// operation touches makes no difference. How much of the recorded move happens before the end is not known.
func (op *Operation) MoveEtag(beginning, end int) {
	set := op.set
	if set.IsFlexible() {
		return
	}
	set.Etag += beginning
	op.atEnd(func() { set.Etag += end })
}

// keeps moves ETags when surplus instances are no longer needed: those of the instances that stay, and the set's.
func (set *ScaleSet) keeps(kept []*Instance) {
	set.Etag++
	for _, inst := range kept {
		inst.Etag++
	}
}

// atEnd lets something happen at an operation's end, after what happens there already.
func (op *Operation) atEnd(next func()) {
	ended := op.OnEnd
	op.OnEnd = func() {
		if ended != nil {
			ended()
		}
		next()
	}
}
