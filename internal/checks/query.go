package checks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

const (
	longestTemplate = 4 << 10  // bytes
	longestQuery    = 64 << 10 // bytes; the names of a thousand machines take 20 KiB
)

// errNoInstances is what a query about nobody is. An empty pattern would match every series that lacks the label.
var errNoInstances = errors.New("there are no instances that the query is about")

// query is a template of a query. Its language is cut down to what always ends soon: no loops, no definitions, and no functions but the
// ones here.
type query struct{ template *template.Template }

var queryFunctions = template.FuncMap{"regex": alternatives, "join": join, "quote": strconv.Quote}

// plainFunctions are those of text/template that cannot make a short template into a long text.
var plainFunctions = []string{"regex", "join", "quote", "eq", "ne", "and", "or", "not", "len"}

func parseQuery(text string) (query, error) {
	if len(text) > longestTemplate {
		return query{}, fmt.Errorf("a query has at most %d bytes", longestTemplate)
	}
	t, err := template.New("query").Option("missingkey=error").Funcs(queryFunctions).Parse(text)
	if err != nil {
		return query{}, fmt.Errorf("reading the query's template: %w", err)
	}
	if len(t.Templates()) > 1 {
		return query{}, errors.New("a query's template defines no templates")
	}
	if t.Tree == nil || strings.TrimSpace(text) == "" {
		return query{}, errors.New("a query is missing")
	}
	return query{template: t}, judgeNode(t.Root)
}

// judgeNode walks a template and refuses what is not plain.
func judgeNode(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		return judgeList(n)
	case *parse.ActionNode:
		return judgePipe(n.Pipe)
	case *parse.IfNode:
		return errors.Join(judgePipe(n.Pipe), judgeList(n.List), judgeList(n.ElseList))
	case *parse.PipeNode:
		return judgePipe(n)
	case *parse.ChainNode:
		return judgeNode(n.Node)
	case *parse.IdentifierNode:
		if !slices.Contains(plainFunctions, n.Ident) {
			return fmt.Errorf("function %s is not for queries; they have %s", n.Ident, strings.Join(plainFunctions, ", "))
		}
		return nil
	case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.DotNode:
		return nil
	default:
		return fmt.Errorf("%s is not for queries, which are text, fields and if", n)
	}
}

func judgeList(l *parse.ListNode) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := judgeNode(n); err != nil {
			return err
		}
	}
	return nil
}

func judgePipe(p *parse.PipeNode) error {
	if len(p.Decl) > 0 {
		return errors.New("a query's template has no variables")
	}
	for _, c := range p.Cmds {
		for _, a := range c.Args {
			if err := judgeNode(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// Group is a set of instances as a query's template sees it.
type Group []Instance

// Names are the machines' names.
func (g Group) Names() []string { return g.each(func(i Instance) string { return i.Name }) }

// IDs are the instance ids.
func (g Group) IDs() []string { return g.each(func(i Instance) string { return i.ID }) }

// Addresses are the private addresses that are known.
func (g Group) Addresses() []string {
	return g.each(func(i Instance) string {
		if !i.Address.IsValid() {
			return ""
		}
		return i.Address.String()
	})
}

// each leaves out what is empty: a pattern with an empty alternative matches what it should not.
func (g Group) each(of func(Instance) string) []string {
	var all []string
	for _, i := range g {
		if text := of(i); text != "" {
			all = append(all, text)
		}
	}
	return all
}

// alternatives makes a regular expression that matches exactly the given texts. It needs no backslash, so that it may stand in any of
// PromQL's quotes.
func alternatives(texts []string) (string, error) {
	escaped := make([]string, 0, len(texts))
	for _, text := range texts {
		e, err := literal(text)
		if err != nil {
			return "", err
		}
		escaped = append(escaped, e)
	}
	return join(escaped, "|")
}

var plainText = regexp.MustCompile(`^[A-Za-z0-9_.:-]+$`)

func literal(text string) (string, error) {
	if !plainText.MatchString(text) {
		return "", errors.New("a name has characters that no instance's name has")
	}
	return strings.ReplaceAll(text, ".", "[.]"), nil
}

func join(texts []string, between string) (string, error) {
	if len(texts) == 0 {
		return "", errNoInstances
	}
	return strings.Join(texts, between), nil
}

// asked is what a template may speak of.
type asked struct {
	Canary, Baseline Group
	Instance         *Instance
	Set              ScaleSet
	Namespace        string
	Rollout          string
	Step             string
	Revision         string
	Args             map[string]string
}

// render writes the query about a subject.
func (q query) render(s Subject, args map[string]string) (string, error) {
	var text boundedText
	err := q.template.Execute(&text, asked{
		Canary: s.Canary, Baseline: s.Baseline, Instance: s.Instance, Set: s.Set, Namespace: s.Namespace, Rollout: s.Rollout,
		Step: s.Step, Revision: s.Revision, Args: args,
	})
	switch {
	case errors.Is(err, errNoInstances):
		return "", errNoInstances
	case err != nil:
		return "", fmt.Errorf("writing the query: %w", err)
	}
	return text.String(), nil
}

// boundedText refuses to grow without end.
type boundedText struct{ strings.Builder }

func (b *boundedText) Write(p []byte) (int, error) {
	if b.Len()+len(p) > longestQuery {
		return 0, fmt.Errorf("a query has at most %d bytes", longestQuery)
	}
	return b.Builder.Write(p)
}
