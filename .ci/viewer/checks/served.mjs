export async function checkServed() {}
