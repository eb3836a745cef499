package azuresim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// answer is a response, recorded or served.
type answer struct {
	status  int
	headers map[string]string // by lower-case name
	body    any               // decoded; nil: none
}

// difference is one way in which an answer is not the recorded one.
type difference struct{ path, what string }

func (d difference) String() string { return d.path + ": " + d.what }

// judge compares a served answer with the recorded one: the status, the names
// of headers, the form of links, and of the body every member's name, casing
// and JSON type, and all values; ids and times must be those that are bound. It
// says, too, which of the exceptions it made use of.
func judge(recorded, served answer, exceptions []exception, bound *binding) (found []difference, used []exception) {
	if recorded.status != served.status {
		found = append(found, difference{"status", fmt.Sprintf("recorded %d, served %d", recorded.status, served.status)})
	}
	found = append(found, judgeHeaders(recorded.headers, served.headers, bound)...)
	j := &bodyJudge{found: found, exceptions: exceptions, bound: bound}
	j.value("$", recorded.body, served.body)
	return append(j.found, judgeCourse(recorded.body, served.body)...), j.used
}

// judgeCourse compares how long operations took.
func judgeCourse(recorded, served any) []difference {
	want, got := courseIn(recorded), courseIn(served)
	if want.ended.IsZero() || got.ended.IsZero() || (want.lasted()-got.lasted()).Abs() < time.Microsecond { // times are rounded
		return nil
	}
	return []difference{{"$.endTime", fmt.Sprintf("recorded after %s, served after %s", want.lasted(), got.lasted())}}
}

func judgeHeaders(recorded, served map[string]string, bound *binding) []difference {
	var found []difference
	differ := func(name, format string, args ...any) {
		found = append(found, difference{"header " + name, fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		if _, free := headersOfTransport[name]; free {
			continue
		}
		value, has := served[name]
		want, got := counted(name, recorded[name]), counted(name, value)
		if !has {
			differ(name, "recorded, not served")
		} else if want != got {
			differ(name, "recorded %s, served %s", want, got)
		} else if slices.Contains(headersOfOperations, name) || headersByValue[name] {
			if what := bound.agree(linkPath(recorded[name]), linkPath(value)); what != "" {
				differ(name, "%s", what)
			}
		}
	}
	for _, name := range headersOfOperations {
		_, wanted := recorded[name]
		if _, has := served[name]; has && !wanted {
			differ(name, "served, not recorded")
		}
	}
	return found
}

// counted returns the part of a header's value that must agree: of most, nothing.
func counted(name, value string) string {
	switch {
	case slices.Contains(headersOfOperations, name):
		return linkForm(value)
	case headersByValue[name]:
		return masked(value)
	}
	return ""
}

// linkForm is a link's path with ids left out, and the names of its parameters.
func linkForm(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "(unreadable) " + link
	}
	return masked(u.Path) + "?" + strings.Join(slices.Sorted(maps.Keys(u.Query())), "&")
}

func linkPath(link string) string {
	path, _, _ := strings.Cut(link, "?")
	return path
}

// bodyJudge walks through two bodies at once.
type bodyJudge struct {
	found      []difference
	exceptions []exception
	used       []exception
	bound      *binding
	shapeOnly  bool // values do not count
}

func (j *bodyJudge) differ(path, format string, args ...any) {
	if !j.excepts(path) {
		j.found = append(j.found, difference{path, fmt.Sprintf(format, args...)})
	}
}

// excepts reports whether an exception covers a path.
func (j *bodyJudge) excepts(path string) bool {
	for _, e := range j.exceptions {
		if e.path == indices.ReplaceAllString(path, "[]") {
			j.used = append(j.used, e)
			return true
		}
	}
	return false
}

func (j *bodyJudge) value(path string, recorded, served any) {
	if want, got := jsonType(recorded), jsonType(served); want != got {
		j.differ(path, "recorded %s, served %s", want, got)
		return
	}
	switch want := recorded.(type) {
	case tree:
		j.object(path, want, treeAt(served))
	case []any:
		j.array(path, want, listAt(served))
	default:
		j.scalar(path, recorded, served)
	}
}

func jsonType(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case tree:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	}
	return fmt.Sprintf("%T", v)
}

func (j *bodyJudge) object(path string, recorded, served tree) {
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		value, has := served[name]
		if !has {
			j.differ(path+"."+name, "recorded (%s), not served%s", jsonType(recorded[name]), otherCase(name, served))
			continue
		}
		j.value(path+"."+name, recorded[name], value)
	}
	for _, name := range slices.Sorted(maps.Keys(served)) {
		if _, has := recorded[name]; !has {
			j.differ(path+"."+name, "served (%s), not recorded%s", jsonType(served[name]), otherCase(name, recorded))
		}
	}
}

// otherCase returns a note if a name exists in another casing.
func otherCase(name string, in tree) string {
	for other := range in {
		if strings.EqualFold(name, other) {
			return ", but " + other + " is"
		}
	}
	return ""
}

// array compares element by element. If an exception allows more or fewer, it compares the forms of all elements together.
func (j *bodyJudge) array(path string, recorded, served []any) {
	if len(recorded) == len(served) {
		for i := range recorded {
			j.value(fmt.Sprintf("%s[%d]", path, i), recorded[i], served[i])
		}
		return
	}
	before := len(j.found)
	j.differ(path, "recorded %d elements, served %d", len(recorded), len(served))
	if len(j.found) > before || len(recorded) == 0 || len(served) == 0 {
		return
	}
	strict := j.shapeOnly
	j.shapeOnly = true
	j.value(path+"[]", union(recorded), union(served))
	j.shapeOnly = strict
}

// union is a value with all the members that any of some values has.
func union(list []any) any {
	all, isObject := list[0].(tree)
	if !isObject {
		return list[0]
	}
	all = maps.Clone(all)
	for _, element := range list[1:] {
		for name, value := range treeAt(element) {
			if have, has := all[name]; has {
				value = union([]any{have, value})
			}
			all[name] = value
		}
	}
	return all
}

func (j *bodyJudge) scalar(path string, recorded, served any) {
	if j.shapeOnly {
		return
	}
	if x := ofTheWorld(path); x != nil {
		if recorded != served {
			j.used = append(j.used, *x)
		}
		return
	}
	text, isText := recorded.(string)
	other, _ := served.(string)
	if isText {
		recorded, served = masked(text), masked(other)
	}
	if recorded != served {
		j.differ(path, "recorded %v, served %v", recorded, served)
	} else if isText {
		if what := j.bound.agree(text, other); what != "" {
			j.differ(path, "%s", what)
		}
	}
}

var indices = regexp.MustCompile(`\[\d*\]`)
