package deployments

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/tree"
)

// Expressions of templates: strings in brackets, made of calls of functions, texts, numbers, members and indices.

// evaluate returns a value in which all expressions are replaced by their values.
func (t *template) evaluate(value any) (any, error) {
	switch v := value.(type) {
	case string:
		return t.text(v)
	case tree.Object:
		out := tree.Object{}
		for name, member := range v {
			known, err := t.evaluate(member)
			if err != nil {
				return nil, err
			}
			out[name] = known
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			known, err := t.evaluate(element)
			if err != nil {
				return nil, err
			}
			out[i] = known
		}
		return out, nil
	}
	return value, nil
}

// text evaluates a string, which is an expression where it is in brackets. Two brackets at the beginning stand for one.
func (t *template) text(s string) (any, error) {
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		return s, nil
	}
	if strings.HasPrefix(s, "[[") {
		return s[1:], nil
	}
	p := &parser{template: t, rest: s[1 : len(s)-1]}
	value, err := p.value()
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", s, err)
	}
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("expression %q: %q is not expected", s, p.rest)
	}
	return value, nil
}

// parser evaluates an expression from the left to the right.
type parser struct {
	template *template
	rest     string
}

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take removes a character from the beginning of the rest, if it is there.
func (p *parser) take(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *parser) word() string {
	p.space()
	end := strings.IndexFunc(p.rest, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' })
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// value is a text, a number or a call, with the members and indices that follow.
func (p *parser) value() (any, error) {
	value, err := p.operand()
	for err == nil {
		switch {
		case p.take('.'):
			value = member(value, p.word())
		case p.take('['):
			value, err = p.index(value)
		default:
			return value, nil
		}
	}
	return nil, err
}

var errUnfinished = errors.New("it is not finished")

func (p *parser) operand() (any, error) {
	if p.take('\'') {
		end := strings.Index(p.rest, "'")
		if end < 0 {
			return nil, errUnfinished
		}
		text := p.rest[:end]
		p.rest = p.rest[end+1:]
		return text, nil
	}
	name := p.word()
	if name == "" {
		return nil, errUnfinished
	}
	if unicode.IsDigit(rune(name[0])) {
		return json.Number(name), nil
	}
	if !p.take('(') {
		return nil, fmt.Errorf("%q is no function", name)
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	return p.template.call(name, args)
}

func (p *parser) arguments() ([]any, error) {
	var args []any
	for !p.take(')') {
		if len(args) > 0 && !p.take(',') {
			return nil, errUnfinished
		}
		arg, err := p.value()
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

func (p *parser) index(of any) (any, error) {
	at, err := p.value()
	if err != nil {
		return nil, err
	}
	if !p.take(']') {
		return nil, errUnfinished
	}
	if name, isText := at.(string); isText {
		return member(of, name), nil
	}
	list, _ := of.([]any)
	n, isWhole := tree.IntAt(tree.Object{"n": at}, "n")
	if !isWhole || n < 0 || n >= len(list) {
		return nil, fmt.Errorf("there is no element %v", at)
	}
	return list[n], nil
}

// member finds a member in any case, as the resource manager does; nil: there is none.
func member(of any, name string) any {
	o, _ := of.(tree.Object)
	for key, value := range o {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return nil
}
