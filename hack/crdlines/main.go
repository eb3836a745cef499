// Command crdlines writes each text and each list of words of the generated CRDs on one line: crdlines FILE…
//
// The generator wraps texts at 80 columns, behind the indentation of a deep schema. The wrapped lines make a tenth of the file, and a word
// that changes in a description moves all lines after it.
package main

import (
	"bytes"
	"fmt"
	"os"

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

// joinWords puts every list of plain words, such as those of an enum, on one line.
func joinWords(n *yaml.Node) {
	words := n.Kind == yaml.SequenceNode
	for _, child := range n.Content {
		words = words && child.Kind == yaml.ScalarNode
		joinWords(child)
	}
	if words {
		n.Style = yaml.FlowStyle
	}
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
