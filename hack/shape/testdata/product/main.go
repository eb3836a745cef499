// Command manager is as small as it should be.
package main

func main() {}
