package azuresim_test

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Ids and times cannot be the same in a recording and in the simulator, but equal ones in the recording must be equal here. The first sight
// of a recorded one binds it to the one that is served in its place. Whenever one of the two comes again, the other must come with it.

// binding maps a recording's ids and times to those that are served here.
type binding struct {
	servedID, recordedID     map[string]string
	servedTime, recordedTime map[time.Time]time.Time
}

func newBinding() *binding {
	return &binding{map[string]string{}, map[string]string{}, map[time.Time]time.Time{}, map[time.Time]time.Time{}}
}

var (
	guid        = regexp.MustCompile(`[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}`)
	hexadecimal = regexp.MustCompile(`_[0-9a-f]{32}\b`)
	suffix      = regexp.MustCompile(`[_-][0-9a-f]{8}\b`) // of what a Flexible set makes
	anID        = regexp.MustCompile(guid.String() + "|" + hexadecimal.String() + "|" + suffix.String())
	instant     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)
	printed     = regexp.MustCompile(`(?s)^(Enable \w+: \n\[stdout\]\n).*(\n\[stderr\]\n).*$`)
)

// masked is a string without what differs between any two worlds: GUIDs, also
// as names of disks have them, times, and what scripts printed. Each must be one here, too.
func masked(s string) string {
	if instant.MatchString(s) {
		return "{time}"
	}
	s = printed.ReplaceAllString(parted(s), "${1}{output}${2}{output}")
	s = hexadecimal.ReplaceAllString(guid.ReplaceAllString(s, "{guid}"), "_{hex}")
	return suffix.ReplaceAllString(s, "_{suffix}")
}

// parted is a string in which the name of an instance ends before that of its disk begins.
func parted(s string) string { return strings.ReplaceAll(s, "_disk1_", "/disk1/_") }

// agree binds the ids and times of two strings that are otherwise alike. It returns the part that does not agree with what was bound
// before; empty: all agree.
func (b *binding) agree(recorded, served string) string {
	if instant.MatchString(recorded) {
		return b.agreeOnTime(recorded, served)
	}
	others := anID.FindAllString(parted(served), -1)
	for i, id := range anID.FindAllString(parted(recorded), -1) {
		if i >= len(others) || isScrubbed(id) {
			continue
		}
		if found := b.agreeOnID(strings.ToLower(id), strings.ToLower(others[i])); found != "" {
			return found
		}
	}
	return ""
}

// isScrubbed reports whether a recorder replaced an id by zeros, as it then did with others.
func isScrubbed(id string) bool { return strings.Trim(id, "_-0") == "" }

func (b *binding) agreeOnID(recorded, served string) string {
	before, bound := b.servedID[recorded]
	if bound && before != served {
		return fmt.Sprintf("recorded %s again, which was served as %s, now %s", recorded, before, served)
	}
	if other, bound := b.recordedID[served]; bound && other != recorded {
		return fmt.Sprintf("served %s again, which was recorded as %s, now %s", served, other, recorded)
	}
	b.servedID[recorded], b.recordedID[served] = served, recorded
	return ""
}

func (b *binding) agreeOnTime(recorded, served string) string {
	was, err := time.Parse(time.RFC3339Nano, recorded)
	if err != nil {
		return err.Error()
	}
	is, err := time.Parse(time.RFC3339Nano, served)
	if err != nil {
		return err.Error()
	}
	was, is = was.UTC(), is.UTC()
	if before, bound := b.servedTime[was]; bound && !before.Equal(is) {
		return fmt.Sprintf("recorded %s again, which was served as %s, now %s", recorded, before.Format(time.RFC3339Nano), served)
	}
	if other, bound := b.recordedTime[is]; bound && other.Sub(was).Abs() > sameMoment {
		return fmt.Sprintf("served %s again, which was recorded as %s, now %s", served, other.Format(time.RFC3339Nano), recorded)
	}
	b.servedTime[was] = is
	if _, bound := b.recordedTime[is]; !bound {
		b.recordedTime[is] = was
	}
	return ""
}

// translated is a request's body with the ids that are served in place of those that were recorded.
func (b *binding) translated(body []byte) []byte {
	return anID.ReplaceAllFunc(body, func(id []byte) []byte {
		if served, bound := b.servedID[strings.ToLower(string(id))]; bound {
			return []byte(served)
		}
		return id
	})
}
