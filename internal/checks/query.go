package checks

import (
	"context"
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
	maxTemplate = 4 << 10  // bytes
	maxQuery    = 64 << 10 // bytes; the names of a thousand instances take 20 KiB
)

// errNoInstances ends a query about no instances. An empty pattern would match every series that lacks the label.
var errNoInstances = errors.New("there are no instances that the query is about")

// query is a template of a query. Its language is cut down to what always ends soon: no loops, no definitions, and no functions but the
// ones here.
type query struct{ template *template.Template }

var queryFunctions = template.FuncMap{"regex": alternatives, "join": join, "quote": strconv.Quote}

// plainFunctions are those of text/template that cannot make a short template into a long text.
var plainFunctions = []string{"regex", "join", "quote", "eq", "ne", "and", "or", "not", "len"}

func parseQuery(text string) (query, error) {
	if len(text) > maxTemplate {
		return query{}, fmt.Errorf("a query has at most %d bytes", maxTemplate)
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

// instance is an instance as a query's template sees it.
type instanceView struct {
	of   *Instance
	find func(Instance) (Instance, *lookupError)
}

// ID is the instance id.
func (m instanceView) ID() string { return m.of.ID }

// VMID is the instance's own id.
func (m instanceView) VMID() string { return m.of.VMID }

// Name is the instance's name.
func (m instanceView) Name() string { return m.of.Name }

// Zone is the zone the instance is in.
func (m instanceView) Zone() string { return m.of.Zone }

// Address is the private address. It is looked up only where a template speaks of it, and one that cannot be found ends the measurement: a
// query that silently leaves an instance out hides what is wrong with it.
func (m instanceView) Address() (string, error) {
	i, lost := *m.of, (*lookupError)(nil)
	if !i.Address.IsValid() {
		i, lost = m.find(i)
	}
	switch {
	case i.Address.IsValid():
		return i.Address.String(), nil
	case lost != nil:
		return "", lost
	default:
		return "", &lookupError{doing: fmt.Sprintf("instance %s has no known address", i.ID)}
	}
}

// Group is a set of instances as a query's template sees it.
type Group []instanceView

// Names are the instances' names.
func (g Group) Names() []string { return g.each(instanceView.Name) }

// IDs are the instance ids.
func (g Group) IDs() []string { return g.each(instanceView.ID) }

// Addresses are the private addresses of all of them.
func (g Group) Addresses() ([]string, error) {
	all := make([]string, 0, len(g))
	for _, m := range g {
		address, err := m.Address()
		if err != nil {
			return nil, err
		}
		all = append(all, address)
	}
	return all, nil
}

// each leaves out what is empty: a pattern with an empty alternative matches what it should not.
func (g Group) each(of func(instanceView) string) []string {
	var all []string
	for _, m := range g {
		if text := of(m); text != "" {
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

// asked holds the data of a template. The instances are looked up only when the template uses them: there may be a thousand of them in each
// of a thousand series.
type asked struct {
	Set       ScaleSet
	Namespace string
	Rollout   string
	Step      string
	Revision  string
	Args      map[string]string
	about     Subject
	find      func(Instance) (Instance, *lookupError)
}

// Canary are the step's canaries.
func (a asked) Canary() Group { return a.group(a.about.Canary) }

// Baseline are the instances that the canaries are compared with.
func (a asked) Baseline() Group { return a.group(a.about.Baseline) }

// Instance is the instance that the check is about, nil at scope Step.
func (a asked) Instance() *instanceView {
	if a.about.Instance == nil {
		return nil
	}
	return &instanceView{of: a.about.Instance, find: a.find}
}

func (a asked) group(all []Instance) Group {
	g := make(Group, 0, len(all))
	for i := range all {
		g = append(g, instanceView{of: &all[i], find: a.find})
	}
	return g
}

// render writes the query about a subject.
func (q query) render(ctx context.Context, s Subject, args map[string]string, addresses Addresses) (string, error) {
	var (
		text boundedText
		lost *lookupError
	)
	err := q.template.Execute(&text, asked{
		Set: s.Set, Namespace: s.Namespace, Rollout: s.Rollout, Step: s.Step, Revision: s.Revision, Args: args,
		about: s, find: func(i Instance) (Instance, *lookupError) { return located(ctx, addresses, s.Set, i) },
	})
	switch {
	case errors.Is(err, errNoInstances):
		return "", errNoInstances
	case errors.As(err, &lost):
		return "", lost
	case err != nil:
		return "", fmt.Errorf("writing the query: %w", err)
	}
	return text.String(), nil
}

// boundedText refuses to grow without end.
type boundedText struct{ strings.Builder }

func (b *boundedText) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxQuery {
		return 0, fmt.Errorf("a query has at most %d bytes", maxQuery)
	}
	return b.Builder.Write(p)
}
