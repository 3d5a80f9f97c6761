export default function Page() {
  return <p>Open to everybody</p>
}
