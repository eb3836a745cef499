package azuresim_test

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The end of surplus instances, which no request makes and no answer tells of, moves the ETag of their scale set. A cassette shows it as a
// move that none of its requests explains.

// settledEtag is the ETag of an overprovisioned scale set once its surplus is gone: its creation makes it 1, the choice of those that stay
// makes it 2.
const settledEtag = 3

// movesOf are the times from now on at which the end of a creation with surplus, and the end of the surplus, move a scale set's ETag.
func (p *player) movesOf(o origin, t target) []time.Duration {
	var moves []time.Duration
	if o.set == nil || at(o.set.body, "properties", "overprovision") != true {
		return nil
	}
	etag := etagIn(o.set.body)
	left := settledEtag - etag
	for _, e := range p.tape.exchanges[o.set.at.line:] {
		other := readTarget(e.Path)
		if left <= 0 || other.kind == outside || other.setKey() != t.setKey() {
			continue
		}
		etag += p.movedBy(e, other)
		if shown := etagIn(p.recorded(e).body); other.kind == oneSet && shown == etag+1 {
			moves = append(moves, p.moment(e).Sub(p.clock.Now()))
			etag, left = shown, left-1
		}
	}
	return moves
}

// movedBy is by how much an exchange moves the ETag of its scale set, by its end.
func (p *player) movedBy(e *exchange, t target) int {
	switch {
	case e.Status >= http.StatusBadRequest:
	case t.kind == oneSet && (e.Method == http.MethodPut || e.Method == http.MethodPatch):
		return 1
	case t.kind == belowSet && t.rest == "manualupgrade" && e.header("X-Ms-Request-Charge") == "0":
		return 1
	case t.kind == belowSet && t.rest == "manualupgrade":
		return 2
	}
	return 0
}

// etagIn is the number in the ETag of a body; zero: there is none.
func etagIn(body any) int {
	n, err := strconv.Atoi(strings.Trim(textAt(body, "etag"), `"`))
	if err != nil {
		return 0
	}
	return n
}
