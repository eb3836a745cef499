// Package azuresim is a simulator.
package azuresim

// Server has two methods, one of them complex and long.
type Server[T any] struct{}

func (s *Server[T]) serve(n int) int {
	switch n {
	case 1:
		return 1
	case 2:
		return 1
	case 3:
		return 1
	case 4:
		return 1
	case 5:
		return 1
	case 6:
		return 1
	case 7:
		return 1
	case 8:
		return 1
	case 9:
		return 1
	case 10:
		return 1
	}
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	n++
	return n
}

func (s *Server[T]) stop() {}
