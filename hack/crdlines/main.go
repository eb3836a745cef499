// Command crdlines writes each text, each list of words and each rule of the generated CRDs on one line: crdlines FILE…
//
// The generator wraps texts at 80 columns, behind the indentation of a deep schema. The wrapped lines make a tenth of the file, and a word
// that changes in a description moves all lines after it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

func main() {
	for _, file := range os.Args[1:] {
		if err := unwrap(file); err != nil {
			fmt.Fprintln(os.Stderr, "crdlines:", err)
			os.Exit(1)
		}
	}
}

// unwrap writes the file again, if that changes it.
func unwrap(file string) error {
	before, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	after, err := unwrapped(before)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return os.WriteFile(file, after, 0o644)
}

// joinWords puts every list of plain words, such as those of an enum, on one line, every rule with its message, and what is short.
func joinWords(n *yaml.Node) {
	words := n.Kind == yaml.SequenceNode || isRule(n) || isShort(n)
	for _, child := range n.Content {
		words = words && child.Kind == yaml.ScalarNode
		joinWords(child)
	}
	if words {
		n.Style = yaml.FlowStyle
	}
}

// isShort reports whether the node is a schema of a few words.
func isShort(n *yaml.Node) bool {
	const limit = 100 // characters
	length := 0
	for _, child := range n.Content {
		length += len(child.Value)
	}
	return n.Kind == yaml.MappingNode && len(n.Content) > 0 && length < limit
}

// isRule reports whether the node is a validation rule.
func isRule(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && slices.ContainsFunc(n.Content, func(key *yaml.Node) bool { return key.Value == "rule" })
}

// unwrapped returns the same YAML without line breaks in its texts and lists of words, but for those that a text itself has.
func unwrapped(text []byte) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	joinWords(&document)
	var out bytes.Buffer
	out.WriteString("---\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(&document); err != nil {
		return nil, err
	}
	return out.Bytes(), encoder.Close()
}
