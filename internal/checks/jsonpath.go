package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"k8s.io/client-go/util/jsonpath"

	"github.com/vmss-rollouts/vmss-rollouts/internal/redact"
)

// JSONCondition holds one value of a JSON body against a text or a threshold.
type JSONCondition struct {
	Path      string // JSONPath as kubectl has it, such as {.checks[?(@.name=="db")].status}
	Equals    *string
	Threshold *Threshold
}

const (
	maxPath = 256
	// maxFanOut is how many wildcards and filters a path may have: each may visit every element that the former found.
	maxFanOut = 2
)

type jsonProbe struct {
	JSONCondition
	limit   limit
	excerpt int
}

func (c JSONCondition) compile(excerpt int) (*jsonProbe, error) {
	if (c.Equals == nil) == (c.Threshold == nil) {
		return nil, errors.New("a JSON condition has equals or a threshold")
	}
	if err := judgePath(c.Path); err != nil {
		return nil, err
	}
	probe := &jsonProbe{JSONCondition: c, excerpt: min(excerpt, maxValue)}
	if c.Threshold != nil {
		var err error
		if probe.limit, err = c.Threshold.compile(false); err != nil {
			return nil, err
		}
	}
	return probe, nil
}

// judgePath keeps paths to what takes time in proportion to the body. Descents into everything multiply.
func judgePath(path string) error {
	if len(path) > maxPath || strings.Contains(path, "..") || strings.Contains(path, "range") {
		return fmt.Errorf("a JSONPath has at most %d bytes, and neither .. nor range", maxPath)
	}
	if strings.Count(path, "*")+strings.Count(path, "?(")+strings.Count(path, ":")+strings.Count(path, ",") > maxFanOut {
		return fmt.Errorf("a JSONPath has at most %d wildcards, filters, slices and unions", maxFanOut)
	}
	if strings.Count(path, "{") != 1 {
		return errors.New("a JSONPath is one expression in braces, such as {.status}")
	}
	if _, err := jsonpath.Parse("path", path); err != nil {
		return fmt.Errorf("reading the JSONPath: %w", err)
	}
	return nil
}

// judge finds the value. A body that is not JSON is a wrong answer of the release; a value that is not there is no data.
func (p *jsonProbe) judge(ctx context.Context, body []byte) Measurement {
	var content any
	if err := json.Unmarshal(body, &content); err != nil {
		return Measurement{Outcome: Failed, Threshold: p.wants(), Detail: "the body is not JSON", Samples: 1}
	}
	value, err := p.find(content)
	switch {
	case err != nil:
		return errored("%v", err)
	case value == nil:
		return noData("the body has no value at %s", p.Path)
	case p.Equals != nil:
		return p.compare(ctx, value)
	}
	v, isNumber := value.(float64)
	if !isNumber {
		return Measurement{Outcome: Failed, Threshold: p.wants(), Detail: "the value is not a number", Samples: 1}
	}
	return p.limit.judge(ctx, numbers{value: v, samples: 1})
}

// find returns the one value at the path; nil: there is none, or it is null. The library's errors quote the body.
func (p *jsonProbe) find(content any) (any, error) {
	path := jsonpath.New("path").AllowMissingKeys(true)
	if err := path.Parse(p.Path); err != nil {
		return nil, errors.New("the JSONPath cannot be read")
	}
	found, err := path.FindResults(content)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the body is not of the form that %s asks for", p.Path)
	case len(found) != 1 || len(found[0]) > 1:
		return nil, fmt.Errorf("%s finds more than one value", p.Path)
	case len(found[0]) == 0 || !found[0][0].IsValid() || !found[0][0].CanInterface():
		return nil, nil
	default:
		return found[0][0].Interface(), nil
	}
}

// compare compares texts. What was found is shown only as far as the operator opted into it.
func (p *jsonProbe) compare(ctx context.Context, value any) Measurement {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case bool:
		text = fmt.Sprint(v)
	case float64:
		text = number(v)
	default:
		return Measurement{Outcome: Failed, Threshold: p.wants(), Detail: "the value is not a text, a number, true or false", Samples: 1}
	}
	m := Measurement{Outcome: Passed, Threshold: p.wants(), Samples: 1}
	if p.excerpt > 0 {
		m.Value = clip(redact.From(ctx).Text(text), p.excerpt)
	}
	if text != *p.Equals {
		m.Outcome, m.Detail = Failed, fmt.Sprintf("the value at %s is another", p.Path)
	}
	return m
}

func (p *jsonProbe) wants() string {
	if p.Equals != nil {
		return fmt.Sprintf("%s is %q", p.Path, *p.Equals)
	}
	return p.limit.String()
}
